/** `$name` and `${name…}` with all modifiers (spec 2.2, 2.3). */
import { LexError, type LexState, missing } from './lex-state.ts';
import { type Pattern, parsePattern, removePrefix, removeSuffix, replaceMatches } from './pattern.ts';

const maxDepth = 200;

/** What the `$` at the place of `state` and the name behind it come to; a lone `$` is one. */
export function lexDollar(state: LexState): string {
  const { text, rules } = state;
  const start = state.at;
  state.at++;
  if (text.charAt(state.at) === '{') return lexBraces(state, start);
  const name = lexName(state);
  if (name === '') return '$';
  const value = look(state, name);
  return value ?? (rules.keepsUnset ? `$${name}` : '');
}

function lexBraces(state: LexState, start: number): string {
  const { text } = state;
  if (++state.depth > maxDepth)
    throw new LexError('syntax error: substitutions are nested too deeply', start);
  state.at++;
  const first = text.charAt(state.at);
  if (first === '') throw missing('}', start);
  if ('{}:'.includes(first)) throw new LexError('syntax error: bad substitution', start);
  const name = lexName(state);
  const result = lexModifier(state, name, start);
  state.depth--;
  return result;
}

function lexModifier(state: LexState, name: string, start: number): string {
  const { text, rules } = state;
  let modifier = takeChar(state);
  if (modifier === '') throw missing('}', start);
  if (modifier === '}') return look(state, name) ?? (rules.keepsUnset ? text.slice(start, state.at) : '');
  if (modifier === '/') return replace(state, name, start);
  const emptyIsUnset = modifier === ':';
  if (emptyIsUnset) modifier += takeChar(state);
  const kind = modifier.slice(-1);
  const isTrim = kind === '#' || kind === '%';
  if (modifier === ':' || kind === '\n') throw missing('}', start);
  if (!'+-?#%'.includes(kind) || (emptyIsUnset && isTrim))
    throw new LexError(
      `unsupported modifier (${modifier}) in substitution`,
      start,
      'a name is followed by one of :- - :+ + :? ? # ## % %% / //; what else a shell knows is for RUN',
    );

  const word = lexNested(state, '}', isTrim, start);
  const value = look(state, name);
  if (value === undefined && rules.keepsUnset) return text.slice(start, state.at);
  const isMissing = value === undefined || (emptyIsUnset && value === '');
  if (kind === '-') return isMissing ? word : (value ?? '');
  if (kind === '+') return isMissing ? '' : word;
  if (kind === '?') {
    if (!isMissing) return value ?? '';
    const why = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
    throw new LexError(`${name}: ${word === '' ? why : word}`, start);
  }
  const longest = word.startsWith(kind);
  const pattern = compile(longest ? word.slice(1) : word, start);
  const remove = kind === '#' ? removePrefix : removeSuffix;
  return remove(value ?? '', pattern, longest);
}

/** `${v/p/r}` and `${v//p/r}`, just behind the first slash. */
function replace(state: LexState, name: string, start: number): string {
  const { text, rules } = state;
  const all = text.charAt(state.at) === '/';
  if (all) state.at++;
  const pattern = lexNested(state, '/', true, start);
  const replacement = lexNested(state, '}', true, start).replaceAll('\\}', '}');
  const value = look(state, name);
  if (value === undefined && rules.keepsUnset) return text.slice(start, state.at);
  return replaceMatches(value ?? '', compile(pattern, start), replacement, all);
}

function compile(text: string, start: number): Pattern {
  const parsed = parsePattern(text);
  if ('message' in parsed)
    throw new LexError(`invalid pattern (${text}) in substitution: ${parsed.message}`, start);
  return parsed.pattern;
}

/** A word inside `${…}`; it has the quoting rules of its surroundings, and its own rule for escapes. */
function lexNested(state: LexState, stop: '}' | '/', keepsEscapes: boolean, start: number): string {
  const outer = state.keepsEscapes;
  state.keepsEscapes = keepsEscapes;
  try {
    return state.word(stop);
  } catch (error) {
    // A quote left open swallows the closing brace: the brace is what a person misses.
    if (error instanceof LexError && state.at >= state.text.length) throw missing(stop, start);
    throw error;
  } finally {
    state.keepsEscapes = outer;
  }
}

function takeChar(state: LexState): string {
  const code = state.text.codePointAt(state.at);
  if (code === undefined) return '';
  const char = String.fromCodePoint(code);
  state.at += char.length;
  return char;
}

const specialNames = '@*#?-$!0';
const namePattern = /(?:\p{Nd}+|[\p{L}_][\p{L}\p{Nd}_]*)/uy;

/** All digits, or one special character, or letters, digits and `_`; '' when none of these follows. */
function lexName(state: LexState): string {
  namePattern.lastIndex = state.at;
  let name = namePattern.exec(state.text)?.[0] ?? '';
  if (name === '') {
    const char = state.text.charAt(state.at);
    if (char !== '' && specialNames.includes(char)) name = char;
  }
  state.at += name.length;
  return name;
}

function look(state: LexState, name: string): string | undefined {
  const value = state.rules.lookup(name);
  if (value === undefined) state.unset.add(name);
  return value;
}
