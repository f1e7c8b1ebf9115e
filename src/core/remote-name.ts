/** What names something that is fetched, where it could be a path (Dockerfile reference, 3.7). */

/** Whether it is an http or https URL, which may still be one of a repository. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//.test(source);
}

/** `git://`, `ssh://`, `user@host:path`, and http(s) URLs whose path ends in `.git`, with what git is asked for behind `?` and `#`. */
export function isGitReference(source: string): boolean {
  if (/^(git|ssh):\/\//.test(source)) return true;
  if (isUrl(source)) return /^https?:\/\/[^?#]*\.git(?=$|[?#])/.test(source);
  return /^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:(?!\/\/)./.test(source);
}
