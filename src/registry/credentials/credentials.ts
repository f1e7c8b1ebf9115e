/** Who we are to a registry. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** Stands for an account where there is a token server; a password is never shown to it. */
  | { readonly identityToken: string; readonly username?: string };

/** Gives the credentials for a registry host (`docker.io`, `localhost:5000`), if there are any. */
export type CredentialSource = (registry: string, signal: AbortSignal) => Promise<Credentials | undefined>;
