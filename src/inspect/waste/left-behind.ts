/** Files that a finished image rarely needs: what package managers keep for the next time, histories of sources. */
import type { BytePath } from '../../core/byte-path.ts';

export interface LeftBehind {
  /** What it is, in a sentence: `the package lists of apt`. */
  readonly title: string;
  readonly pattern: RegExp;
  readonly suggestion: string;
}

const cacheMount = (target: string, command: string) =>
  `keep it out of the layer: RUN --mount=type=cache,target=${target} ${command}`;

/** Patterns match clean paths without a leading slash. The first that matches counts. */
export const leftBehind: readonly LeftBehind[] = [
  {
    title: 'package lists of apt',
    pattern: /^var\/lib\/apt\/lists\/./,
    suggestion: `${cacheMount('/var/lib/apt', 'apt-get …')}, or end that RUN with rm -rf /var/lib/apt/lists/*`,
  },
  {
    title: 'packages downloaded by apt',
    pattern: /^var\/cache\/apt\/./,
    suggestion: `${cacheMount('/var/cache/apt', 'apt-get …')}, or end that RUN with apt-get clean`,
  },
  {
    title: 'package cache of apk',
    pattern: /^(var\/cache|etc)\/apk\/(cache\/)?[^/]+\.(apk|tar\.gz)$/,
    suggestion: 'use apk add --no-cache',
  },
  {
    title: 'package cache of dnf or yum',
    pattern: /^var\/cache\/(dnf|yum|libdnf5)\/./,
    suggestion: `${cacheMount('/var/cache/dnf', 'dnf …')}, or end that RUN with dnf clean all`,
  },
  {
    title: 'package cache of zypper',
    pattern: /^var\/cache\/zypp\/./,
    suggestion: `${cacheMount('/var/cache/zypp', 'zypper …')}, or end that RUN with zypper clean --all`,
  },
  {
    title: 'package cache of pacman',
    pattern: /^var\/cache\/pacman\/./,
    suggestion: `${cacheMount('/var/cache/pacman', 'pacman …')}, or end that RUN with pacman -Scc --noconfirm`,
  },
  {
    title: 'cache of pip',
    pattern: /(^|\/)\.cache\/pip\//,
    suggestion: `${cacheMount('/root/.cache/pip', 'pip install …')}, or use pip install --no-cache-dir`,
  },
  {
    title: 'cache of a Python package manager',
    pattern: /(^|\/)\.cache\/(uv|pypoetry|pipenv)\//,
    suggestion: cacheMount('/root/.cache', '…'),
  },
  {
    title: 'packages downloaded by conda',
    pattern: /(^|\/)(ana|mini|micro|mamba)?(conda|forge|mamba)3?\/pkgs\//,
    suggestion: 'end that RUN with conda clean --all --yes',
  },
  {
    title: 'cache of npm',
    pattern: /(^|\/)\.npm\/_/,
    suggestion: `${cacheMount('/root/.npm', 'npm ci')}, or end that RUN with npm cache clean --force`,
  },
  {
    title: 'cache of yarn or pnpm',
    pattern:
      /(^|\/)(\.cache\/(yarn|pnpm)|\.yarn\/cache|usr\/local\/share\/\.cache|\.pnpm-store|pnpm\/store)\//,
    suggestion: cacheMount('/usr/local/share/.cache', 'yarn install'),
  },
  {
    title: 'build cache of Go',
    pattern: /(^|\/)(\.cache\/go-build|go\/pkg\/mod)\//,
    suggestion: `${cacheMount('/root/.cache/go-build', 'go build …')}, and copy only the program into the last stage`,
  },
  {
    title: 'crates downloaded by cargo',
    pattern: /(^|\/)(\.cargo|usr\/local\/cargo)\/(registry|git)\//,
    suggestion: `${cacheMount('/usr/local/cargo/registry', 'cargo build …')}, and copy only the program into the last stage`,
  },
  {
    title: 'artifacts downloaded by Maven or Gradle',
    pattern: /(^|\/)(\.m2\/repository|\.gradle\/(caches|wrapper))\//,
    suggestion: cacheMount('/root/.m2', 'mvn package'),
  },
  {
    title: 'cache of Bundler or Composer',
    pattern:
      /(^|\/)(bundle\/ruby\/[^/]+\/cache|usr\/local\/bundle\/cache|\.composer\/cache|\.cache\/composer)\//,
    suggestion: 'remove it in the RUN that makes it, or mount a cache there: RUN --mount=type=cache,target=…',
  },
  {
    title: 'cache of a compiler',
    pattern: /(^|\/)(\.cache\/ccache|\.ccache|\.cache\/bazel)\//,
    suggestion: cacheMount('/root/.cache/ccache', 'make'),
  },
  {
    title: 'history of the sources',
    pattern: /(^|\/)\.(git|hg|svn|bzr)\//,
    suggestion: 'name it in .dockerignore, or clone and remove it in one RUN',
  },
  {
    title: 'temporary files',
    pattern: /^(tmp|var\/tmp)\/./,
    suggestion: 'remove them in the RUN that makes them, or use RUN --mount=type=tmpfs,target=/tmp',
  },
];

/** The first kind that fits a file, and the directory that holds such files. */
export function findLeftBehindKind(
  path: BytePath,
): { readonly what: LeftBehind; readonly place: BytePath } | undefined {
  for (const what of leftBehind) {
    const match = what.pattern.exec(path);
    if (match === null) continue;
    return { what, place: path.slice(0, path.lastIndexOf('/', match.index + match[0].length - 1)) };
  }
  return undefined;
}
