/** What a command line has around it: streams, files, the clock, a browser. Handed in, so that tests have their own. */

export interface PrivateFiles {
  /** Undefined where there is none. The mode is as `stat` gives it. */
  read(path: string): Promise<{ readonly text: string; readonly mode: number } | undefined>
  /** Names of the files in a folder, in order. Undefined where it is none. */
  list(path: string): Promise<readonly string[] | undefined>
  /** Whole or not at all, with mode 0600; folders are made with mode 0700. */
  write(path: string, text: string): Promise<void>
}

export interface ClientIdentity {
  readonly certificate: string
  readonly key: string
}

export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** One line, or several, to standard output. */
  print(text: string): void
  /** To standard error. */
  tell(text: string): void
  /** The whole of standard input, without its last line end. */
  readInput(): Promise<string>
  readonly files: PrivateFiles
  readonly fetch: typeof fetch
  /** As `fetch`, showing a client certificate to this server and to no other. PEM texts. */
  fetchAs(origin: string, identity: ClientIdentity): typeof fetch
  /** Epoch milliseconds. */
  now(): number
  pause(milliseconds: number): Promise<void>
  /** Shows a page to the person; nothing happens where that cannot be done. */
  browse(url: string): void
}
