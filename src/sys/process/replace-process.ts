import { lastSystemError, libcFunction } from '../libc.ts';

const execve = libcFunction('int execve(const char *path, const char **argv, const char **envp)');
const fcntl = libcFunction('int fcntl(int fd, int command, int argument)');
const setDescriptorFlags = 2;
const getStatusFlags = 3;
const setStatusFlags = 4;
const nonBlocking = 0o4000;

/**
 * Makes this process another program: same pid, same place at the terminal, same parent. Node has no call for
 * it before version 22. Nothing of what is underway here is finished or cleaned up.
 *
 * @param descriptors that stay open; the standard ones always do
 * @throws a system error, such as ENOENT; otherwise it does not return
 */
export function replaceProcess(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  descriptors: readonly number[],
): never {
  // Node sees to it that all close, the standard ones too.
  for (const fd of [0, 1, 2, ...descriptors]) fcntl(fd, setDescriptorFlags, 0);
  // Streams of ours may have made them so, for everybody who has the same pipe.
  for (const fd of [0, 1, 2]) fcntl(fd, setStatusFlags, fcntl(fd, getStatusFlags, 0) & ~nonBlocking);
  const variables = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  execve(path, [path, ...args, null], [...variables, null]);
  throw lastSystemError('execve', path);
}
