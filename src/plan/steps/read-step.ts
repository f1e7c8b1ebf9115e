import { unreachable } from '../../core/assert.ts';
import { readCmd, readEntrypoint, readHealthcheck, readShell } from './command.ts';
import { readExpose } from './expose.ts';
import { readAdd, readCopy } from './files.ts';
import { readRun } from './run.ts';
import { readMaintainer, readOnbuild, readStopSignal, readUser, readVolume } from './settings.ts';
import type { StepContext } from './step-context.ts';
import { readArg, readEnv, readLabel } from './variables.ts';
import { readWorkdir } from './workdir.ts';

/** Does to the stage what its next instruction says: variables, config, history, vertices (spec 3). */
export function readStep(context: StepContext): void {
  const { instruction } = context;
  switch (instruction.kind) {
    case 'arg':
      readArg(context, instruction);
      break;
    case 'env':
      readEnv(context, instruction);
      break;
    case 'label':
      readLabel(context, instruction);
      break;
    case 'run':
      readRun(context, instruction);
      break;
    case 'copy':
      readCopy(context, instruction);
      break;
    case 'add':
      readAdd(context, instruction);
      break;
    case 'cmd':
      readCmd(context, instruction);
      break;
    case 'entrypoint':
      readEntrypoint(context, instruction);
      break;
    case 'shell':
      readShell(context, instruction);
      break;
    case 'healthcheck':
      readHealthcheck(context, instruction);
      break;
    case 'workdir':
      readWorkdir(context, instruction);
      break;
    case 'user':
      readUser(context, instruction);
      break;
    case 'stopsignal':
      readStopSignal(context, instruction);
      break;
    case 'maintainer':
      readMaintainer(context, instruction);
      break;
    case 'expose':
      readExpose(context, instruction);
      break;
    case 'volume':
      readVolume(context, instruction);
      break;
    case 'onbuild':
      readOnbuild(context, instruction);
      break;
    case 'from':
      throw new Error('assertion failed: FROM inside a stage');
    default:
      unreachable(instruction);
  }
}
