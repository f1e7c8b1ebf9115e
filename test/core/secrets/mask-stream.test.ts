import { describe, expect, test } from 'vitest';
import { maskText, openMaskedStream } from '../../../src/core/secrets/mask-stream.ts';
import { maskedForms, soughtForms } from '../../../src/core/secrets/secret-values.ts';

const token = 'tok3n-äß-value';
const pem = `-----BEGIN KEY-----\n${'kQ9x'.repeat(16)}\n${'Zz81'.repeat(4)}\n-----END KEY-----\n`;
const base64 = (text: string, encoding: 'base64' | 'base64url' = 'base64') =>
  Buffer.from(text).toString(encoding);
const wrapped = base64(pem).replace(/.{76}/g, '$&\n');

const cases: [title: string, secret: string, output: string, want: string][] = [
  ['as it is', token, `a ${token} b`, 'a *** b'],
  ['twice in a row', token, token + token, '******'],
  ['without the line end of its file', `${token}\n`, `${token}.`, '***.'],
  ['every line of several', pem, 'x kQ9x'.concat('kQ9x'.repeat(15), ' y'), 'x *** y'],
  ['all of several lines', pem, `<${pem.trim()}>`, '<***>'],
  ['base64', token, base64(token), '***'],
  ['base64 with a line end', `${token}\n`, base64(`${token}\n`), '***'],
  ['base64 for URLs', '?>?>secret>?', base64('?>?>secret>?', 'base64url'), '***'],
  ['base64 in lines', pem, wrapped.replaceAll('\n', '|'), '***|***|***'],
  ['shorter than four characters', 'abc', 'abc', 'abc'],
  ['empty', '', 'abc', 'abc'],
  ['a beginning that comes to nothing', token, 'tok3n-x', 'tok3n-x'],
  ['a beginning at the end', token, 'ends in tok3', 'ends in tok3'],
];

describe('values in output', () => {
  test.each(cases)('%s, whole and byte by byte', (_title, secret, output, want) => {
    const forms = maskedForms(Buffer.from(secret));
    expect(maskText(output, forms)).toBe(want);
    for (const size of [1, 3, 7]) {
      const stream = openMaskedStream(forms);
      const bytes = Buffer.from(output);
      const shown: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) shown.push(stream.push(bytes.subarray(at, at + size)));
      shown.push(stream.end());
      expect(Buffer.concat(shown).toString()).toBe(want);
    }
  });

  test.each([
    ['user:', ''],
    ['u:', ':more'],
    ['', 'x'],
  ])('base64 of something longer: %s…%s', (before, after) => {
    const secret = 'correct horse';
    const encoded = base64(before + secret + after);
    const shown = maskText(encoded, maskedForms(Buffer.from(secret)));
    expect(shown).toContain('***');
    expect(Buffer.from(shown.replace('***', ''), 'base64').toString('latin1')).not.toContain('horse');
    expect(soughtForms(Buffer.from(secret)).some((form) => encoded.includes(form))).toBe(true);
  });

  test('nothing is held back that cannot be the beginning of a value', () => {
    const stream = openMaskedStream(maskedForms(Buffer.from('password')));
    expect(Buffer.from(stream.push(Buffer.from('Password: pass'))).toString()).toBe('Password: ');
    expect(Buffer.from(stream.push(Buffer.from('ing by'))).toString()).toBe('passing by');
  });

  test('a secret of 300 kB holds back a piece of it at most, and is masked', () => {
    const secret = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz'.repeat(8400));
    const stream = openMaskedStream(maskedForms(secret));
    const shown = Buffer.concat([stream.push(secret), stream.end()]).toString();
    expect(shown.replaceAll('***', '').length).toBeLessThan(1024);
  });
});
