/**
 * The efficiency of an image once more, from what GNU tar lists of its layers and with the steps that dive takes
 * (filetree/efficiency.go, image/analysis.go): trees of nodes, a stack made anew for every whiteout. It shares
 * nothing with strata.
 */
export interface Member {
  readonly path: string;
  readonly size: number;
  readonly isDirectory: boolean;
}

interface Node {
  size: number;
  isDirectory: boolean;
  readonly children: Map<string, Node>;
}

const newNode = (): Node => ({ size: 0, isDirectory: false, children: new Map() });
const whiteout = '.wh.';

function find(root: Node, path: string, isMade: boolean): Node | undefined {
  let node: Node | undefined = root;
  for (const name of path.split('/')) {
    let child: Node | undefined = node.children.get(name);
    if (child === undefined && isMade) {
      child = newNode();
      node.children.set(name, child);
    }
    if (child === undefined) return undefined;
    node = child;
  }
  return node;
}

function treeOf(members: readonly Member[]): Node {
  const root = newNode();
  for (const { path, size, isDirectory } of members) {
    if (path.split('/').some((name) => name.startsWith('.wh..wh.'))) continue;
    const node = find(root, path, true);
    if (node !== undefined) Object.assign(node, { size, isDirectory });
  }
  return root;
}

function* walk(node: Node, path = ''): Generator<[path: string, node: Node]> {
  for (const [name, child] of node.children) {
    const at = path === '' ? name : `${path}/${name}`;
    yield [at, child];
    yield* walk(child, at);
  }
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const withoutMark = (path: string) => path.replace(/(^|\/)\.wh\.([^/]*)$/, '$1$2');

function stackOf(trees: readonly Node[]): Node {
  const stack = newNode();
  for (const tree of trees) {
    for (const [path, node] of walk(tree)) {
      if (nameOf(path).startsWith(whiteout)) {
        const parent = path.includes('/') ? find(stack, path.slice(0, path.lastIndexOf('/')), false) : stack;
        parent?.children.delete(nameOf(withoutMark(path)));
      } else {
        const target = find(stack, path, true);
        if (target !== undefined) Object.assign(target, { size: node.size, isDirectory: node.isDirectory });
      }
    }
  }
  return stack;
}

export function diveScore(layers: readonly (readonly Member[])[]) {
  const trees = layers.map(treeOf);
  const sizes = new Map<string, number[]>();
  for (const [index, tree] of trees.entries()) {
    for (const [path, node] of walk(tree)) {
      if (node.children.size > 0) continue;
      let size = node.size;
      if (nameOf(path).startsWith(whiteout)) {
        const hidden = find(stackOf(trees.slice(0, index)), withoutMark(path), false);
        size = hidden?.isDirectory ? [...walk(hidden)].reduce((sum, [, each]) => sum + each.size, 0) : 0;
      }
      const key = withoutMark(path);
      sizes.set(key, [...(sizes.get(key) ?? []), size]);
    }
  }
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const all = [...sizes.values()];
  const userBytes = sum(layers.slice(1).flatMap((members) => members.map(({ size }) => size)));
  const wastedBytes = sum(all.filter((each) => each.length > 1).map(sum));
  const discovered = sum(all.map(sum));
  return {
    score: discovered === 0 ? 1 : sum(all.map((each) => Math.min(...each))) / discovered,
    wastedBytes,
    userBytes,
    userWastedRatio: userBytes === 0 ? 0 : wastedBytes / userBytes,
  };
}
