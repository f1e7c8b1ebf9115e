import type { Xattr } from '../core/file-tree.ts';

/**
 * Whether COPY takes an extended attribute along: file capabilities and what is nobody's business but the
 * files' owner's. Labels of the host's security modules, its ACLs and overlay's own notes stay behind. The
 * cache key holds exactly the same ones (Dockerfile reference, 3.0.1).
 */
export function isCopied(xattr: Xattr): boolean {
  return xattr.name === 'security.capability' || !/^(?:security|system|trusted)\./.test(xattr.name);
}
