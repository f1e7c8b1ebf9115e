/** Put in by scripts/build.mjs; absent when the sources run as they are. */
declare const STRATA_VERSION: string | undefined;

export const version: string = typeof STRATA_VERSION === 'string' ? STRATA_VERSION : 'unbuilt';
