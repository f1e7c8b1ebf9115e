/**
 * Errors of a file as a whole: its encoding, its lines, its directives.
 * Codes are stable; the fragments people and test suites search for are spelled as BuildKit spells them.
 */
import type { Problem } from '../report.ts';

/** There is not a single byte. */
export function fileEmpty(): Problem {
  return {
    code: 'file-empty',
    message: 'the Dockerfile cannot be empty',
    help: 'the smallest Dockerfile is one line: FROM scratch',
  };
}

/** Every other byte is NUL, as in UTF-16. */
export function notUtf8(): Problem {
  return {
    code: 'not-utf-8',
    message: 'the Dockerfile is UTF-16 text, but only UTF-8 is understood',
    help: 'save it as UTF-8: iconv -f UTF-16 -t UTF-8',
  };
}

/** Blank lines and comments only. */
export function noInstructions(): Problem {
  return {
    code: 'no-instructions',
    message: 'file with no instructions: only blank lines and comments',
    help: 'begin with a FROM line',
  };
}

/** ARG lines only. */
export function noStages(): Problem {
  return {
    code: 'no-stages',
    message: 'no stages to build: the file has ARG lines, but no FROM',
    help: 'begin a stage with a FROM line',
  };
}

/**
 * One physical line is over the limit (spec 1.2).
 * @param bytes its length
 */
export function lineTooLong(bytes: number): Problem {
  return {
    code: 'line-too-long',
    message: `line greater than max allowed size of 65535: it has ${bytes} bytes`,
    help: 'break the line with the escape character; joined lines have no limit',
  };
}

/** A `syntax` directive in the form of files that are no Dockerfiles (spec 1.4). */
export function foreignFrontend(reference: string): Problem {
  return {
    code: 'foreign-frontend',
    message: `the file is written for the frontend "${reference}", not as a Dockerfile`,
    notes: ['strata has one frontend, the Dockerfile language'],
  };
}

/** `# escape=` with neither of the two characters. */
export function badEscapeDirective(value: string): Problem {
  return {
    code: 'bad-escape-directive',
    message: `invalid escape token "${value}"`,
    help: 'the escape character is a backslash or a backtick',
  };
}

/** A directive that was there before. */
export function duplicateDirective(name: string): Problem {
  return {
    code: 'duplicate-directive',
    message: `only one ${name} parser directive can be used`,
    help: 'remove this line',
  };
}

/** The value of `# check=` cannot be read (spec 6.1). */
export function badCheckOption(message: string): Problem {
  return {
    code: 'bad-check-option',
    message,
    help: 'write skip=Rule,Rule;experimental=Rule;error=true, without blanks',
  };
}

/**
 * What all warnings together are under `error=true`.
 * @param rules that were violated
 */
export function lintViolation(rules: readonly string[]): Problem {
  return { code: 'lint-violation', message: `lint violation found for rules: ${rules.join(', ')}` };
}
