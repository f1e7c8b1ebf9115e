/** What a comment `# name text` right above says of a stage or an ARG (spec 1.9); the first such line counts. */
export function descriptionOf(name: string, comments: readonly string[]): string | undefined {
  const line = comments.find((comment) => comment.startsWith(`${name} `));
  return line?.slice(name.length + 1).trim() || undefined;
}
