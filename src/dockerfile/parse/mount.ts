/** `RUN --mount=…` with its values expanded and checked (Dockerfile reference, "RUN --mount"). */
export type RunMount =
  | {
      readonly type: 'bind';
      /** As written; relative means below the working directory, '' the working directory itself. */
      readonly target: string;
      /** Path in the origin, `/` by default. */
      readonly source: string;
      readonly from?: string;
      readonly isReadOnly: boolean;
    }
  | {
      readonly type: 'cache';
      readonly target: string;
      readonly source: string;
      readonly from?: string;
      readonly isReadOnly: boolean;
      readonly id: string;
      readonly sharing: 'shared' | 'private' | 'locked';
      /** Given together or not at all: any of them selects another cache. */
      readonly owner?: { readonly uid: number; readonly gid: number; readonly mode: number };
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly sizeBytes?: number;
      readonly isReadOnly?: boolean;
    }
  | {
      readonly type: 'secret';
      readonly id: string;
      /** Absent when only `env` was asked for. */
      readonly target?: string;
      readonly env?: string;
      readonly isRequired: boolean;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    }
  | {
      readonly type: 'ssh';
      readonly id: string;
      readonly target: string;
      readonly isRequired: boolean;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    };
