/** Git repositories as contexts and as sources of ADD (Dockerfile reference, 3.7 "Git"). */
import { StepError } from '../../core/errors.ts';
import { isGitReference } from '../../core/remote-name.ts';

export interface GitReference {
  /** As git takes it; may hold credentials. */
  readonly remote: string;
  /** A branch, a tag, a full ref or a commit; undefined is what the remote's HEAD names. */
  readonly ref: string | undefined;
  /** Relative to the root of the repository; '' is the root. */
  readonly subdirectory: string;
  /** The commit's id must begin with it. */
  readonly checksum: string | undefined;
  /** Undefined where the reference does not say. */
  readonly keepsGitDirectory: boolean | undefined;
  readonly takesSubmodules: boolean;
  /** Files are as old as the commit; undefined where the reference does not say. */
  readonly hasCommitTimes: boolean | undefined;
}

/**
 * Reads a reference to a git repository; undefined if the text is none.
 * @param allowsShorthand takes `github.com/user/repository`, too, as the main context may be named
 * @throws StepError `bad-git-reference` for wrong options
 */
export function parseGitReference(text: string, allowsShorthand = false): GitReference | undefined {
  const isShort = allowsShorthand && /^github\.com\/[^/]+\/[^/]/.test(text);
  if (!isShort && !isGitReference(text)) return undefined;
  const [, withQuery = '', fragment] = /^([^#]*)(?:#(.*))?$/s.exec(text) ?? [];
  const [, remote = '', query] = /^([^?]*)(?:\?(.*))?$/s.exec(withQuery) ?? [];
  return build(text, isShort ? `https://${remote}` : remote, fragment, query ?? '');
}

function build(text: string, remote: string, fragment: string | undefined, query: string): GitReference {
  const fail = (why: string): never => {
    throw new StepError('bad-git-reference', `"${withoutCredentials(text)}": ${why}`, {
      hint: 'a repository is named as URL#ref:subdirectory, or with the options ref, branch, tag, subdir, checksum, keep-git-dir, submodules and mtime behind "?"',
    });
  };
  const options = readOptions(query, fail);
  const [, fragmentRef = '', fragmentDirectory = ''] = /^([^:]*)(?::(.*))?$/s.exec(fragment ?? '') ?? [];

  const only = (what: string, ...values: (string | undefined)[]): string | undefined => {
    const given = [...new Set(values.filter((value) => value !== undefined && value !== ''))];
    if (given.length > 1) fail(`it names the ${what} twice`);
    return given[0];
  };
  const full = (prefix: string, name: string | undefined) => (name === undefined ? undefined : prefix + name);
  const branch = full('refs/heads/', options.get('branch'));
  const tag = full('refs/tags/', options.get('tag'));
  const ref = only('ref', fragmentRef, options.get('ref'), branch, tag);
  // Git would take it for an option.
  if (ref?.startsWith('-')) fail(`"${ref}" is no ref`);
  const checksum = only('commit', options.get('checksum'), options.get('commit'));
  // How the commit is fetched is for the checkout to find out; the value must be one all the same.
  readSwitch(options, 'fetch-by-commit', fail);
  if (checksum !== undefined && !/^[0-9a-f]{7,64}$/.test(checksum)) fail(`"${checksum}" is no commit id`);
  return {
    remote,
    ref,
    subdirectory: only('subdirectory', fragmentDirectory, options.get('subdir')) ?? '',
    checksum,
    keepsGitDirectory: readSwitch(options, 'keep-git-dir', fail),
    takesSubmodules: readSwitch(options, 'submodules', fail) ?? true,
    hasCommitTimes: readTimes(options.get('mtime'), fail),
  };
}

const switches = ['keep-git-dir', 'submodules', 'fetch-by-commit'];
const known = ['ref', 'branch', 'tag', 'subdir', 'checksum', 'commit', 'mtime', ...switches];

function readOptions(query: string, fail: (why: string) => never): Map<string, string> {
  const options = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.includes(name)) fail(`there is no option "${name}"`);
    if (options.has(name)) fail(`the option "${name}" is given twice`);
    if (value === '' && !switches.includes(name)) fail(`the option "${name}" has no value`);
    options.set(name, value);
  }
  return options;
}

function readSwitch(
  options: ReadonlyMap<string, string>,
  name: string,
  fail: (why: string) => never,
): boolean | undefined {
  const value = options.get(name);
  if (value === undefined) return undefined;
  // As Go reads them; the name alone says yes.
  if (value === '' || /^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  return fail(`the option "${name}" is "${value}", not true or false`);
}

function readTimes(value: string | undefined, fail: (why: string) => never): boolean | undefined {
  if (value === undefined || value === 'checkout' || value === 'commit')
    return value === undefined ? undefined : value === 'commit';
  return fail(`the option "mtime" is "${value}", not commit or checkout`);
}

/** For messages. */
export function withoutCredentials(text: string): string {
  return text.replace(/(:\/\/)[^/@\s]*@/g, '$1***@');
}
