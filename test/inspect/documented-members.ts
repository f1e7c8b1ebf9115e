/** What docs/INSPECT.md says of the members of a JSON output, and what does not hold of one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../structure/imports.ts';

interface Member {
  readonly name: string;
  /** `string`, `null`, `any`, or a value as JSON writes it. */
  readonly types: readonly string[];
  readonly isOptional: boolean;
  readonly isArray: boolean;
  readonly members: Map<string, Member>;
}

/** Reads the table of members below a heading: `| name | types | meaning |`. */
export function documentedMembers(heading: string): Map<string, Member> {
  const text = readFileSync(join(projectDir, 'docs/INSPECT.md'), 'utf8');
  const section = text.split(`\n### ${heading}\n`)[1]?.split('\n### ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)` \| (.+?) \|/gm)];
  const root = new Map<string, Member>();
  const find = (path: string): Member => {
    let members = root;
    let found: Member | undefined;
    for (const name of path.replaceAll('[]', '').split('.')) {
      found = members.get(name);
      if (found === undefined) throw new Error(`docs/INSPECT.md: ${path} has no row for ${name}`);
      members = found.members;
    }
    if (found === undefined) throw new Error(`docs/INSPECT.md: ${path} is no name`);
    return found;
  };
  for (const [, written = '', cell = ''] of rows) {
    const [, path = '', isArray, isOptional] = /^(.*?)(\[\])?(\?)?$/.exec(written) ?? [];
    const dot = path.lastIndexOf('.');
    const like = /^as `(.+)`$/.exec(cell)?.[1];
    const model = like === undefined ? undefined : find(like);
    const member: Member = {
      name: written,
      types: model?.types.filter((type) => type !== 'null' || isArray === undefined) ?? typesOf(cell),
      isOptional: isOptional !== undefined,
      isArray: isArray !== undefined,
      members: model?.members ?? new Map(),
    };
    const siblings = dot < 0 ? root : find(path.slice(0, dot)).members;
    siblings.set(path.slice(dot + 1), member);
  }
  return root;
}

function typesOf(cell: string): string[] {
  return cell.split(', ').map((type) => type.replace(/^`(.*)`$/, '$1'));
}

/** What of a value is not as documented. @param seen takes the rows that had something to say */
export function undocumented(value: object, members: Map<string, Member>, seen: Set<string>): string[] {
  const problems: string[] = [];
  for (const [name, each] of Object.entries(value)) {
    const member = members.get(name);
    if (member === undefined) problems.push(`${name} is not documented`);
    else problems.push(...checkMember(each, member, seen));
  }
  for (const [name, { isOptional }] of members)
    if (!isOptional && !(name in value)) problems.push(`${name} is missing`);
  return problems;
}

function checkMember(value: unknown, member: Member, seen: Set<string>): string[] {
  if (!member.isArray) return checkValue(value, member, seen);
  if (!Array.isArray(value)) return [`${member.name} is no array`];
  return value.flatMap((each) => checkValue(each, member, seen));
}

function checkValue(value: unknown, member: Member, seen: Set<string>): string[] {
  const { name, types, members } = member;
  const fits = types.some(
    (type) =>
      type === 'any' || type === (value === null ? 'null' : typeof value) || type === JSON.stringify(value),
  );
  if (!fits) return [`${name} is ${JSON.stringify(value).slice(0, 60)}, not ${types.join(' or ')}`];
  if (value !== null) seen.add(name);
  if (typeof value !== 'object' || value === null || types.includes('any')) return [];
  return undocumented(value, members, seen).map((problem) => `${name}: ${problem}`);
}

/** The names of all rows. */
export function allNames(members: Map<string, Member>): string[] {
  return [...members.values()].flatMap((member) => [member.name, ...allNames(member.members)]);
}
