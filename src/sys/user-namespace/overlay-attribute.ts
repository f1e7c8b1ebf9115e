import { isInitialUserNamespace } from './id-map.ts';

/**
 * The name of an attribute in which overlay keeps its notes, and strata its own: no step reaches them there. In a user
 * namespace overlay takes the attributes that any owner of a file may set, and keeps what a container writes there apart
 * (`userxattr`).
 */
export function overlayAttribute(name: 'opaque' | 'strata.rest' | 'strata.alone'): string {
  return isInitialUserNamespace() ? `trusted.overlay.${name}` : `user.overlay.${name}`;
}
