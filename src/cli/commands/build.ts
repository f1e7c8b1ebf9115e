import { Option } from 'commander';
import { runBuild } from '../build/run-build.ts';
import type { BuildFlags } from '../flags/build-options.ts';
import { each, eachOfList } from '../flags/collect.ts';
import { addRegistryFlags } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

/** `strata build`. */
export const defineBuild: DefineCommand = (command, context) => {
  command
    .usage('[OPTIONS] CONTEXT')
    .argument('<CONTEXT>', 'a directory, "-" (a tar or a Dockerfile on standard input), or a URL')
    .option(
      '-f, --file <path>',
      'the Dockerfile, a URL of one, "-" for standard input (default: CONTEXT/Dockerfile)',
    )
    .option('-t, --tag <name>', 'name of the image: [registry/]name[:tag]', each, [])
    .option('--target <stage>', 'stop at this stage: its name, or its number from 0')
    .option('--build-arg <name=value>', 'value of an ARG; NAME alone takes it from the environment', each, [])
    .option(
      '--build-context <name=value>',
      'a further context, or another source for a stage or image',
      each,
      [],
    )
    .option(
      '-o, --output <spec>',
      'where the result goes: type=oci|docker|tar|local|registry|image,dest=…, or nowhere: type=cacheonly',
      each,
      [],
    )
    .option('--push', 'push the image: type=registry')
    .option('--load', 'keep the image in the local store (default without --output)')
    .option('--platform <list>', 'build for os/arch[/variant], comma-separated', eachOfList, [])
    .option('--no-cache', 'run every step again')
    .option('--no-cache-filter <stages>', 'run the steps of these stages again', eachOfList)
    .option(
      '--cache-from <spec>',
      'take steps from a cache: NAME, type=registry,ref=NAME or type=local,src=DIR; [,mounts=ID|all]',
      each,
      [],
    )
    .option(
      '--cache-to <spec>',
      'write the cache: type=registry,ref=NAME, type=local,dest=DIR or type=inline; [,mode=max][,mounts=ID|all]',
      each,
      [],
    )
    .option('--pull', 'ask registries again for images that the store has')
    .option('--secret <spec>', 'show a secret to RUN: id=…,src=FILE or id=…,env=NAME', each, [])
    .option('--ssh <spec>', 'show an agent or keys to RUN: default or id=SOCKET|KEY', each, [])
    .option('--network <mode>', 'network of RUN: default, none or host', 'default')
    .option('--add-host <name:address>', 'further line of /etc/hosts for RUN', each, [])
    .option('--shm-size <bytes>', 'size of /dev/shm for RUN')
    .option('--ulimit <type=soft:hard>', 'limit for RUN', each, [])
    .option('--cgroup-parent <path>', 'cgroup that RUN lives in')
    .option(
      '--resource <spec>',
      'limit for RUN: memory=…, cpu-quota=…, cpu-period=…, cpu-shares=…, cpuset-cpus=…, cpuset-mems=… or pids-limit=…',
      each,
      [],
    )
    .option('-m, --memory <bytes>', 'memory for RUN')
    .option('--cpus <number>', 'processors for RUN')
    .option('--allow <entitlement>', 'network.host, security.insecure or device', eachOfList, [])
    .option('--label <name=value>', 'label of the image', each, [])
    .option('--annotation <name=value>', 'annotation of the manifest; index:NAME=VALUE and others', each, [])
    .option('--provenance <spec>', 'false: strata writes no attestations')
    .option('--sbom <spec>', 'false, likewise')
    .option('--attest <spec>', 'type=…,disabled=true, likewise', each)
    .option('--progress <mode>', 'auto, tty, plain, quiet, none or rawjson (default: auto)')
    .option('-q, --quiet', 'print only the image id')
    .option('--iidfile <path>', 'write the image id to a file')
    .option('--metadata-file <path>', 'write digests, cache results and timings to a file')
    .option('--check', 'check the Dockerfile, build nothing')
    .option('--call <method>', 'check, outline or targets: say it, build nothing')
    .option('--format <format>', 'how --check and --call say it: text, json or sarif')
    .option('--explain', 'say for every step why it was run or not')
    .option('--fail-on-miss', 'fail if any step ran')
    .option('--runtime <name>', 'OCI runtime: runc, crun or a path (default: runc)')
    .option('--max-parallelism <number>', 'steps at once (default: as many as processors)')
    .option('--trace <path>', 'write where the time went: a Chrome trace, which ui.perfetto.dev opens')
    .option('--timeout <time>', 'stop the build after this time: 90s, 10m, 1h30m')
    .option('--step-timeout <time>', 'stop a RUN that takes longer than this')
    .option('--on-failure <what>', 'shell: open one in the sandbox of the step that fails')
    // Scripts have them from Docker's first builder. They ask for what happens anyway: nothing to remove is left, and no
    // context is sent anywhere.
    .addOption(new Option('--rm').hideHelp())
    .addOption(new Option('--force-rm').hideHelp())
    .addOption(new Option('--compress').hideHelp())
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  strata build -t app .\n' +
        '  strata build -f app.Dockerfile --target test --build-arg VERSION=2 \\\n' +
        '    --output type=oci,dest=app.tar src\n' +
        '  strata build --push -t reg.example.org/app \\\n' +
        '    --cache-from reg.example.org/app:cache \\\n' +
        '    --cache-to type=registry,ref=reg.example.org/app:cache,mode=max .',
    )
    .action((contextPath: string, flags: BuildFlags) => runBuild(contextPath, flags, context));
  addRegistryFlags(command);
};
