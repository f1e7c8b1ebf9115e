import { loadDeflate } from '../../sys/compression/deflate.ts';
import { loadZstd } from '../../sys/compression/zstd.ts';
import { type Finding, ok, warn } from '../finding.ts';

/** What compresses layers. zlib is always there: Node has it. */
export function libraries(): Finding[] {
  const deflate = loadDeflate();
  // Node 22.15 has its own.
  const own = process.versions.zstd;
  const zstd = own === undefined ? loadZstd() : { name: `node zstd ${own}` };
  return [
    deflate === undefined
      ? warn('gzip', 'by zlib: layers compress half as fast as by libdeflate', 'apt-get install libdeflate0')
      : ok('gzip', `by ${deflate.name}`),
    zstd === undefined
      ? warn('zstd', 'layers of images in zstd can be neither read nor written', 'apt-get install libzstd1')
      : ok('zstd', `by ${zstd.name}`),
  ];
}
