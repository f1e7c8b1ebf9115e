import { StrataError } from '../../core/errors.ts';
import { examine } from '../../doctor/examine.ts';
import type { Finding } from '../../doctor/finding.ts';
import type { Rank } from '../../doctor/probes/person.ts';
import { readDockerConfig } from '../../registry/credentials/docker-config.ts';
import type { Config } from '../config/config.ts';
import { configPlaces, readConfig } from '../config/config-file.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import type { CliIO } from '../io.ts';
import type { BecomeRoot } from '../namespace.ts';
import { printJSON } from '../print/print-data.ts';
import { dockerConfigFile } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

interface Flags extends DataFlags {
  readonly runtime?: string;
}

/** `strata doctor`: each finding is printed as it comes; exits 1 when one of them is a failure. */
export const defineDoctor: DefineCommand = (command, context) => {
  const { io, root, becomeRoot } = context;
  command
    .usage('[OPTIONS]')
    .option('--runtime <runtime>', 'the OCI runtime to try: runc, crun or a path')
    .addHelpText(
      'after',
      '\nTries what a build does, looks for what dead builds left, and removes nothing.\n' +
        'Exits 1 when something must be mended (fail); what could be better (warn) is no\nfailure.\n' +
        '\nExample:\n  strata doctor',
    )
    .action(async (flags: Flags) => {
      const format = dataFormat(flags);
      const rank = await rankOf(becomeRoot);
      const findings: Finding[] = [];
      const config = configured(io.env);
      const runtime = flags.runtime ?? config.runtime ?? 'runc';
      const { snapshotter } = config;
      const readConfiguration = () => {
        readConfig(configPlaces(io.env));
        readDockerConfig(dockerConfigFile(io.env));
      };
      for await (const finding of examine({ root: root(), rank, runtime, snapshotter, readConfiguration })) {
        findings.push(finding);
        if (format === 'table') io.stdout.write(printFinding(finding));
      }
      if (format === 'json') io.stdout.write(printJSON({ findings }));
      if (findings.some(({ verdict }) => verdict === 'fail')) context.exitCode = 1;
    });
  addDataFlags(command);
};

/** Who cannot become root still wants to know what else is lacking. */
async function rankOf(becomeRoot: BecomeRoot): Promise<Rank> {
  try {
    return await becomeRoot();
  } catch (error) {
    if (error instanceof StrataError) return { error };
    throw error;
  }
}

/** That a file cannot be understood is a finding of its own. */
function configured(env: CliIO['env']): Partial<Config> {
  try {
    return readConfig(configPlaces(env));
  } catch {
    return {};
  }
}

const indent = ' '.repeat(6);

function printFinding({ name, verdict, text, remedy }: Finding): string {
  const line = `${verdict.padEnd(indent.length)}${name}: ${text}\n`;
  return remedy === undefined || verdict === 'ok' ? line : `${line}${indent}mend: ${remedy}\n`;
}
