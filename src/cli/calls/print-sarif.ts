import type { CheckReport } from '../../build/calls/check.ts';
import type { Diagnostic } from '../../core/source/diagnostic.ts';
import { lintRules, lintRuleUrl } from '../../dockerfile/lint/rules.ts';
import { printJSON } from '../print/print-data.ts';
import { version } from '../version.ts';

/**
 * A check as SARIF 2.1.0, for what shows findings beside code. With `error=true` the warnings are errors; the
 * sum of them is no finding of its own.
 * @param uriOf where the file lies that diagnostics call by this name
 */
export function printSarif(
  { errors, warnings, violation }: CheckReport,
  uriOf: (name: string) => string,
): string {
  const level = violation === undefined ? 'warning' : 'error';
  return printJSON({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'strata', version, rules: lintRules.map(descriptorOf) } },
        columnKind: 'utf16CodeUnits',
        results: [
          ...errors.map((error) => resultOf(error, 'error', uriOf)),
          ...warnings.map((warning) => resultOf(warning, level, uriOf)),
        ],
      },
    ],
  });
}

/** A `reportingDescriptor` (SARIF 3.49). */
function descriptorOf(rule: (typeof lintRules)[number]) {
  const { name, description, help } = rule;
  return {
    id: name,
    name,
    shortDescription: { text: description },
    help: { text: help },
    helpUri: lintRuleUrl(name),
    defaultConfiguration: { level: 'warning', enabled: !('isExperimental' in rule) },
  };
}

/** A `result` (SARIF 3.27). Errors of the parser and the planner are no rules: their id is their code. */
function resultOf(
  { code, message, help, source, span }: Diagnostic,
  level: 'warning' | 'error',
  uriOf: (name: string) => string,
) {
  const ruleIndex = lintRules.findIndex(({ name }) => name === code);
  const start = span && source?.position(span.start);
  const end = span && source?.position(span.end);
  const region =
    start === undefined || end === undefined
      ? undefined
      : { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
  return {
    ruleId: code,
    ...(ruleIndex < 0 ? {} : { ruleIndex }),
    level,
    message: { text: help === undefined ? message : `${message} (${help})` },
    locations:
      source === undefined
        ? []
        : [{ physicalLocation: { artifactLocation: { uri: uriOf(source.name) }, region } }],
  };
}
