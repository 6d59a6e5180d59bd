/** What the supervisor and the engine process say to each other over IPC. */
export interface ChildOptions {
  /** Absolute. */
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** The one folder, absolute, whose files an insert may name; none when it is not given. */
  readonly insertFolder?: string;
}

export type ChildMessage =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'counts'; readonly counts: Readonly<Record<string, number>> };

export interface ParentMessage {
  readonly type: 'stop';
}
