/**
 * A registry in this process that keeps everything in memory, writes down what it is asked, and fails on
 * demand.
 */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { type BlobDigest, digestFromHex } from '../../src/core/digest.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import { listenOnLoopback } from './loopback.ts';

/** What goes wrong with a request. */
type Fault =
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Nothing more comes after so many bytes of the body. */
  | { readonly kind: 'stall'; readonly after: number }
  /** The body comes no faster than this. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** One bit of the body is another one. */
  | { readonly kind: 'flip' }
  /** `Range` is not understood. */
  | { readonly kind: 'whole' }
  /** The body goes on after its end. */
  | { readonly kind: 'grow' }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

export type Guard =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** Without a user, anybody gets a token; who logs in gets the identity token, which then stands for the user. */
  | {
      readonly kind: 'token';
      readonly username?: string;
      readonly password?: string;
      readonly identityToken?: string;
    };

interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface FaultyRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly seen: SeenRequest[];
  /** `METHOD path` of what was asked, in order. */
  log(): string[];
  readonly blobs: Map<string, Buffer>;
  /** By `REPOSITORY:TAG` and `REPOSITORY@DIGEST`. */
  readonly manifests: Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>;
  addBlob(repository: string, bytes: Uint8Array, mediaType?: string): Descriptor;
  addManifest(
    repository: string,
    tag: string,
    document: Readonly<Record<string, unknown>> & { readonly mediaType: string },
  ): Descriptor;
  /** Fails the next `times` requests of which `METHOD path` matches. */
  fail(match: RegExp, fault: Fault, times?: number): void;
  /** Nothing fails any more. */
  forgive(): void;
  /** No token given so far is taken any more. */
  revokeTokens(): void;
}

export interface FaultyRegistryOptions {
  readonly guard?: Guard;
  /** Clients must have a certificate of the authority `ca` where there is one. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
  /** A body longer than this is refused with 413. */
  readonly largestBody?: number;
}

export async function startFaultyRegistry(options: FaultyRegistryOptions = {}): Promise<FaultyRegistry> {
  const { guard, tls, largestBody = Number.POSITIVE_INFINITY } = options;
  const seen: SeenRequest[] = [];
  const blobs = new Map<string, Buffer>();
  const manifests: FaultyRegistry['manifests'] = new Map();
  const uploads = new Map<string, Buffer>();
  const faults: { readonly match: RegExp; readonly fault: Fault; left: number }[] = [];
  const tokens = new Set<string>();

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: path = '' } = request;
    const headers = request.headers as SeenRequest['headers'];
    seen.push({ method, path, headers });
    const due = faults.find(({ match, left }) => left > 0 && match.test(`${method} ${path}`));
    if (due !== undefined) due.left--;
    const fault = due?.fault;
    const url = new URL(path, base);
    const answer = (
      status: number,
      more: Readonly<Record<string, string>> = {},
      body: Uint8Array | string = '',
    ) => send(request, response, status, more, Buffer.from(body), fault);
    const refuse = (
      status: number,
      code: string,
      message: string,
      more: Readonly<Record<string, string>> = {},
    ) => answer(status, more, JSON.stringify({ errors: [{ code, message }] }));

    if (fault?.kind === 'status') return answer(fault.status, fault.headers, fault.body);
    if (fault?.kind === 'redirect') return answer(fault.status ?? 307, { location: fault.to });
    if (url.pathname === '/token') return giveToken(request, url, answer);
    if (!isAllowed(request)) return refuse(401, 'UNAUTHORIZED', 'authentication required', challenge(url));

    if (url.pathname === '/v2/') return answer(200, {}, '{}');

    const [, repository = '', kind, name = ''] =
      /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === 'manifests' && method === 'PUT') {
      const bytes = await readAll(request);
      const digest = digestOf(bytes);
      const mediaType = headers['content-type'] ?? '';
      for (const key of [`${repository}:${name}`, `${repository}@${digest}`])
        manifests.set(key, { mediaType, bytes });
      return answer(201, { 'docker-content-digest': digest });
    }
    if (kind === 'manifests') {
      const found = manifests.get(`${repository}${name.startsWith('sha256:') ? '@' : ':'}${name}`);
      if (found === undefined) return refuse(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
      const digest = digestOf(found.bytes);
      return answer(200, { 'content-type': found.mediaType, 'docker-content-digest': digest }, found.bytes);
    }
    if (kind === 'blobs') {
      const found = blobs.get(`${repository}@${name}`);
      if (found === undefined) return refuse(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
      const [, first, last] = /^bytes=([0-9]+)-([0-9]*)$/.exec(headers.range ?? '') ?? [];
      if (first === undefined || fault?.kind === 'whole') return answer(200, {}, found);
      const from = Number(first);
      if (from >= found.length) return answer(416);
      const end = last === '' ? found.length : Math.min(Number(last) + 1, found.length);
      return answer(
        206,
        { 'content-range': `bytes ${from}-${end - 1}/${found.length}` },
        found.subarray(from, end),
      );
    }
    if (kind === 'blobs/uploads') {
      const location = (id: string) => `/v2/${repository}/blobs/uploads/${id}?state=${randomUUID()}`;
      if (method === 'POST') {
        const mounted = blobs.get(`${url.searchParams.get('from')}@${url.searchParams.get('mount')}`);
        if (mounted !== undefined) {
          blobs.set(`${repository}@${url.searchParams.get('mount')}`, mounted);
          return answer(201);
        }
        const id = randomUUID();
        uploads.set(id, Buffer.alloc(0));
        return answer(202, { location: location(id) });
      }
      const had = uploads.get(name);
      if (had === undefined) return refuse(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload');
      const rangeOf = (bytes: Buffer) => `0-${Math.max(0, bytes.length - 1)}`;
      if (method === 'GET') return answer(204, { location: location(name), range: rangeOf(had) });
      if (Number(headers['content-length']) > largestBody) return answer(413);
      const all = Buffer.concat([had, await readSome(request, fault)]);
      uploads.set(name, all);
      if (fault?.kind === 'cut') return request.socket.destroy();
      if (method === 'PATCH') return answer(202, { location: location(name), range: rangeOf(all) });
      if (digestOf(all) !== url.searchParams.get('digest'))
        return refuse(400, 'DIGEST_INVALID', 'digest mismatch');
      blobs.set(`${repository}@${digestOf(all)}`, all);
      return answer(201);
    }
    return refuse(404, 'NOT_FOUND', 'no such thing');
  };

  const isAllowed = (request: IncomingMessage) => {
    const { authorization = '' } = request.headers;
    if (guard === undefined) return true;
    if (guard.kind === 'basic') return authorization === basicHeader(guard);
    return tokens.has(authorization.replace(/^Bearer /, ''));
  };
  const challenge = (url: URL): Record<string, string> => {
    if (guard?.kind !== 'token') return { 'www-authenticate': 'Basic realm="test"' };
    const repository = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(url.pathname)?.[1] ?? '';
    const scope = `repository:${repository}:pull`;
    return { 'www-authenticate': `Bearer realm="${base}token",service="test",scope="${scope}"` };
  };
  type Answer = (status: number, headers?: Record<string, string>, body?: string) => Promise<void> | void;
  const giveToken = async (request: IncomingMessage, url: URL, answer: Answer) => {
    const { identityToken, username } = guard?.kind === 'token' ? guard : {};
    const form = new URLSearchParams((await readAll(request)).toString());
    const isByIdentity = form.get('grant_type') === 'refresh_token';
    const isKnown = isByIdentity
      ? form.get('refresh_token') === identityToken
      : username === undefined || request.headers.authorization === basicHeader(guard);
    if (!isKnown) return answer(401);
    const token = randomUUID();
    tokens.add(token);
    const isLogin = url.searchParams.get('offline_token') === 'true';
    const more = isLogin && identityToken !== undefined ? { refresh_token: identityToken } : {};
    return answer(200, {}, JSON.stringify({ token, expires_in: 60, ...more }));
  };

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      // A client that hangs up is what many tests are about.
      response.destroy(error instanceof Error ? error : undefined);
    });
  };
  const server: Server =
    tls === undefined
      ? createServer(listener)
      : createSecureServer({ ...tls, requestCert: tls.ca !== undefined }, listener);
  const host = await listenOnLoopback(server);
  const base = `${tls === undefined ? 'http' : 'https'}://${host}/`;

  return {
    host,
    seen,
    log: () => seen.map(({ method, path }) => `${method} ${path}`),
    blobs,
    manifests,
    addBlob(repository, bytes, mediaType = 'application/octet-stream') {
      const digest = digestOf(bytes);
      blobs.set(`${repository}@${digest}`, Buffer.from(bytes));
      return { mediaType, digest, size: bytes.length };
    },
    addManifest(repository, tag, document) {
      const bytes = encodeJSON(document);
      const digest = digestOf(bytes);
      for (const key of [`${repository}:${tag}`, `${repository}@${digest}`]) {
        manifests.set(key, { mediaType: document.mediaType, bytes });
      }
      return { mediaType: document.mediaType, digest, size: bytes.length };
    },
    fail(match, fault, times = 1) {
      faults.push({ match, fault, left: times });
    },
    forgive() {
      faults.length = 0;
    },
    revokeTokens: () => tokens.clear(),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Sends a body, or as much of it as the fault lets through. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  fault: Fault | undefined,
): Promise<void> {
  const bytes = fault?.kind === 'flip' ? flipped(body) : body;
  const length = fault?.kind === 'grow' ? {} : { 'content-length': String(body.length) };
  response.writeHead(status, { ...length, ...headers });
  if (request.method === 'HEAD') {
    response.end();
  } else if (fault?.kind === 'cut' || fault?.kind === 'stall') {
    // What is written has to be on its way before the connection goes.
    await new Promise((resolve) => response.write(bytes.subarray(0, fault.after), resolve));
    await delay(20);
    if (fault.kind === 'cut') response.destroy();
  } else if (fault?.kind === 'slow') {
    const step = Math.ceil(fault.bytesPerSecond / 20);
    for (let at = 0; at < bytes.length; at += step) {
      response.write(bytes.subarray(at, at + step));
      await delay(50);
    }
    response.end();
  } else {
    response.end(fault?.kind === 'grow' ? Buffer.concat([bytes, Buffer.from('more')]) : bytes);
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads a whole body, or what a cut connection lets arrive of it. */
async function readSome(request: IncomingMessage, fault: Fault | undefined): Promise<Buffer> {
  const bytes = await readAll(request);
  return fault?.kind === 'cut' ? bytes.subarray(0, fault.after) : bytes;
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

function digestOf(bytes: Uint8Array): BlobDigest {
  return digestFromHex(createHash('sha256').update(bytes).digest('hex'));
}

function basicHeader({ username = '', password = '' }: Partial<Guard> = {}): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
