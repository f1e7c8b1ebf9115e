import type { DefineCommand } from './command.ts';

interface CommandEntry {
  readonly name: string;
  /** One line for `strata --help`. */
  readonly summary: string;
  /** Loads the command's own chunk: no command pays for another. */
  load(): Promise<DefineCommand>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'build',
    summary: 'build an image from a Dockerfile',
    load: async () => (await import('./build.ts')).defineBuild,
  },
  {
    name: 'check',
    summary: 'check a Dockerfile, build nothing',
    load: async () => (await import('./check.ts')).defineCheck,
  },
  {
    name: 'explain',
    summary: 'say why the steps of a build ran or not',
    load: async () => (await import('./explain.ts')).defineExplain,
  },
  {
    name: 'debug',
    summary: 'open a shell in the last step that failed',
    load: async () => (await import('./debug.ts')).defineDebug,
  },
  {
    name: 'builds',
    summary: 'list the last builds, or show one of them',
    load: async () => (await import('./builds.ts')).defineBuilds,
  },
  {
    name: 'images',
    summary: 'list the images of the local store',
    load: async () => (await import('./images.ts')).defineImages,
  },
  {
    name: 'inspect',
    summary: 'show what is in an image, layer by layer',
    load: async () => (await import('./inspect.ts')).defineInspect,
  },
  {
    name: 'history',
    summary: 'show how an image was made, newest first',
    load: async () => (await import('./history.ts')).defineHistory,
  },
  {
    name: 'diff',
    summary: 'compare two images: layers, files, config',
    load: async () => (await import('./diff.ts')).defineDiff,
  },
  {
    name: 'tag',
    summary: 'give an image a further name',
    load: async () => (await import('./tag.ts')).defineTag,
  },
  {
    name: 'rmi',
    summary: 'take the name of an image away',
    load: async () => (await import('./rmi.ts')).defineRmi,
  },
  {
    name: 'save',
    summary: 'write images to an archive',
    load: async () => (await import('./save.ts')).defineSave,
  },
  {
    name: 'load',
    summary: 'take images from an archive',
    load: async () => (await import('./load.ts')).defineLoad,
  },
  {
    name: 'pull',
    summary: 'bring an image from a registry into the local store',
    load: async () => (await import('./pull.ts')).definePull,
  },
  {
    name: 'push',
    summary: 'send an image of the local store to its registry',
    load: async () => (await import('./push.ts')).definePush,
  },
  {
    name: 'du',
    summary: 'say what the store takes on the disk, by kind',
    load: async () => (await import('./du.ts')).defineDu,
  },
  {
    name: 'prune',
    summary: 'remove what the store need not hold',
    load: async () => (await import('./prune.ts')).definePrune,
  },
  {
    name: 'doctor',
    summary: 'say what this machine lacks for a build, and what mends it',
    load: async () => (await import('./doctor.ts')).defineDoctor,
  },
  {
    name: 'login',
    summary: 'keep credentials for a registry, once it takes them',
    load: async () => (await import('./login.ts')).defineLogin,
  },
  {
    name: 'logout',
    summary: 'forget the credentials for a registry',
    load: async () => (await import('./logout.ts')).defineLogout,
  },
];
