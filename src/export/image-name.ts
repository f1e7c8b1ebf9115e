/** The tag of a full image name: `1` of `docker.io/library/app:1`. */
export function tagOf(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

/** A full name as Docker shows it: `docker.io/library/app:1` is `app:1`. */
export function familiarName(name: string): string {
  return name.replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/, '');
}
