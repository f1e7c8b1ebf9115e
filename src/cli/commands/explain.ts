import { explainedBuild } from '../../build/record/explained-build.ts';
import { stepMetadata } from '../../build/record/step-metadata.ts';
import { parseCount } from '../flags/amount.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { printJSON } from '../print/print-data.ts';
import { printExplanation } from '../print/print-explanation.ts';
import type { DefineCommand } from './command.ts';

/** `strata explain`: why the steps of a recorded build ran or did not. */
export const defineExplain: DefineCommand = (command, { io, root }) => {
  command
    .usage('[OPTIONS] [BUILD]')
    .argument('[BUILD]', 'the number of a build (default: the last one)')
    .addHelpText('after', '\nExample:\n  strata explain 12')
    .action(async (build: string | undefined, flags: DataFlags) => {
      const format = dataFormat(flags);
      const number = build === undefined ? undefined : parseCount('BUILD', build, 1);
      const record = explainedBuild(root(), number);
      if (format === 'table') {
        io.stdout.write(printExplanation(record));
        return;
      }
      const { outcome, startedAt, finishedAt } = record;
      io.stdout.write(
        printJSON({ build: record.number, outcome, startedAt, finishedAt, steps: stepMetadata(record) }),
      );
    });
  addDataFlags(command);
};
