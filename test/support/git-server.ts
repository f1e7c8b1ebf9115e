import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

/**
 * Serves a repository as `/r.git`, once `git update-server-info` ran in it: the plainest server there is, which
 * gives away no single commits. It listens when its caller says so.
 */
export function gitServer(repository: string): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const path = join(repository, '.git', pathname.replace('/r.git', ''));
    if (existsSync(path) && statSync(path).isFile()) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
}
