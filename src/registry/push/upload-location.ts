import type { Descriptor } from '../../oci/descriptor.ts';
import { type Answer, protocolError } from '../transport/answer.ts';

/** Where an upload goes on. */
export function locationOf(answer: Answer): URL {
  const location = answer.header('location');
  if (location !== undefined && URL.canParse(location, answer.url.href)) return new URL(location, answer.url);
  throw protocolError(answer, 'the answer does not say where to send the blob');
}

/** Where the request goes that ends an upload and says what its digest must be. */
export function finalURL(answer: Answer, blob: Descriptor): URL {
  const url = locationOf(answer);
  url.searchParams.set('digest', blob.digest);
  return url;
}
