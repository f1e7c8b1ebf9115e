/** The grammar of image references (distribution, "reference"), as far as a plan needs it: is this one? */
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const tag = '[\\w][\\w.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const reference = new RegExp(`^(?:${host}/)?${component}(?:/${component})*(?::${tag})?(?:@${digest})?$`);

/** Why `text` is no image reference; undefined when it is one. */
export function referenceProblem(text: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(text)) return 'it is an id, and only names are looked up';
  if (reference.test(text)) return undefined;
  const [name = ''] = text.split(/[:@]/);
  if (reference.test(text.replace(name, name.toLowerCase()))) return 'a repository name must be lowercase';
  return 'want [registry/]name[:tag][@digest]';
}
