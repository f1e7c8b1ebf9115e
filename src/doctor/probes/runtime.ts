import { findProgram } from '../../sys/probe.ts';
import { spawnProcess } from '../../sys/process/spawn.ts';
import { type Finding, fail, ok } from '../finding.ts';

/** @param name of the OCI runtime, or its path */
export async function runtime(name: string): Promise<Finding> {
  const program = findProgram(name);
  if (program === undefined) {
    const other = ['runc', 'crun'].find((each) => findProgram(each) !== undefined);
    const remedy =
      other === undefined
        ? 'apt-get install runc'
        : `strata build --runtime ${other} …, or {"runtime": "${other}"} in the configuration file`;
    return fail('runtime', `${name} is missing`, remedy);
  }
  let said = '';
  const result = await spawnProcess(program, ['--version'], {
    onStdout: (chunk) => {
      said += Buffer.from(chunk).toString();
    },
  });
  if (result.kind !== 'exited' || result.code !== 0) {
    return fail('runtime', `${program} --version fails`, 'apt-get install --reinstall runc');
  }
  return ok('runtime', `${program}, ${said.split('\n')[0]}`);
}
