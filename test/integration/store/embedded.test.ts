import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import { openDatabase } from '#store/database.ts'
import { openEmbedded } from '#store/embedded.ts'
import { CommitUnknown } from '#store/errors.ts'

const holderScript = resolve(import.meta.dirname, '../../support/hold-embedded.ts')

/** A process that holds the embedded database of `folder` until it is killed. */
const startHolder = async (folder: string): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [holderScript, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((ready, fail) => {
    child.stdout.once('data', () => ready())
    child.once('exit', () => fail(new Error('the holder ended')))
  })
  return child
}

const postmasterPid = async (folder: string): Promise<number> =>
  Number((await readFile(join(folder, 'database/postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])

const waitUntil = async (condition: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (await condition()) return
    await sleep(50)
  }
  throw new Error('it never came')
}

const answers = async (url: string): Promise<boolean> => {
  try {
    const database = await openDatabase({ url })
    await database[Symbol.asyncDispose]()
    return true
  } catch {
    return false
  }
}

describe('the embedded database', () => {
  let root: string
  let folder: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lakegate-embedded-'))
    folder = join(root, 'data')
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  const write = async (url: string, text: string): Promise<void> => {
    await using database = await openDatabase({ url })
    await database.query(text)
  }
  const read = async (url: string, text: string): Promise<readonly unknown[]> => {
    await using database = await openDatabase({ url })
    return database.query(text)
  }

  it('keeps what was written over a stop and a start', async () => {
    const first = await openEmbedded({ folder })
    await write(first.url, 'create table kept as select 1 as n')
    await first[Symbol.asyncDispose]()
    await using second = await openEmbedded({ folder })
    expect(await read(second.url, 'select n from kept')).toEqual([{ n: 1 }])
  })

  it('is durable: fsync, full pages and synchronous commits are on', async () => {
    await using embedded = await openEmbedded({ folder })
    expect(
      await read(
        embedded.url,
        `select current_setting('fsync') as a, current_setting('full_page_writes') as b, current_setting('synchronous_commit') as c`,
      ),
    ).toEqual([{ a: 'on', b: 'on', c: 'on' }])
  })

  it('listens on no TCP port', async () => {
    await using embedded = await openEmbedded({ folder })
    expect(await read(embedded.url, `select current_setting('listen_addresses') as a`)).toEqual([{ a: '' }])
  })

  it('refuses a second start on one folder, naming the folder and who has it', async () => {
    const holder = await startHolder(folder)
    await expect(openEmbedded({ folder })).rejects.toThrow(
      `Another gateway (process ${holder.pid}) already uses the data folder ${folder}`,
    )
    holder.kill('SIGKILL')
    await waitUntil(
      async () => Number.isNaN(await postmasterPid(folder)) || (await postmasterPid(folder)) === 0,
    )
  })

  it('refuses a second start also under another name of the folder', async () => {
    await using _first = await openEmbedded({ folder })
    await symlink(folder, join(root, 'alias'))
    await expect(openEmbedded({ folder: join(root, 'alias') })).rejects.toThrow('Another gateway')
  })

  it('shuts down cleanly when its gateway is killed, and the next start finds what was committed', async () => {
    const holder = await startHolder(folder)
    const pid = await postmasterPid(folder)
    holder.kill('SIGKILL')
    await using next = await openEmbedded({ folder })
    expect(await postmasterPid(folder)).not.toBe(pid)
    expect(await read(next.url, 'select n from held')).toEqual([{ n: 1 }])
    expect(await readFile(join(folder, 'database.log'), 'utf8')).not.toContain('was interrupted')
  })

  it('comes back by itself when PostgreSQL alone is killed', async () => {
    await using embedded = await openEmbedded({ folder })
    await write(embedded.url, 'create table kept as select 1 as n')
    process.kill(await postmasterPid(folder), 'SIGKILL')
    await waitUntil(() => answers(embedded.url))
    expect(await read(embedded.url, 'select n from kept')).toEqual([{ n: 1 }])
  })

  it('loses no acknowledged transaction and invents none when PostgreSQL is killed under writers', async () => {
    await using embedded = await openEmbedded({ folder })
    await using database = await openDatabase({ url: embedded.url })
    await database.query('create table written (id uuid primary key)')
    const acknowledged: string[] = []
    const doubtful: string[] = []
    const unexpected: unknown[] = []
    let over = false
    const note = (id: string, error: unknown): void => {
      if (error instanceof CommitUnknown) doubtful.push(id)
      else if (!isCatalogError(error, 'ServiceUnavailableException')) unexpected.push(error)
    }
    const writeOne = async (id: string): Promise<void> => {
      try {
        await database.transaction((tx) => tx.query('insert into written values ($1)', [id]))
        acknowledged.push(id)
      } catch (error) {
        note(id, error)
        await sleep(20)
      }
    }
    const writer = async (): Promise<void> => {
      while (!over) await writeOne(randomUUID())
    }
    const writers = Array.from({ length: 8 }, writer)
    for (const signal of ['SIGKILL', 'SIGINT', 'SIGKILL'] as const) {
      await waitUntil(() => answers(embedded.url))
      await sleep(300)
      process.kill(await postmasterPid(folder), signal)
    }
    await waitUntil(() => answers(embedded.url))
    over = true
    await Promise.all(writers)
    const rows = (await read(embedded.url, 'select id from written')) as { id: string }[]
    const there = new Set(rows.map((row) => row.id))
    expect(unexpected).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(10)
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([])
    const known = new Set([...acknowledged, ...doubtful])
    expect([...there].filter((id) => !known.has(id))).toEqual([])
  })

  it.skipIf(process.platform !== 'linux')(
    'comes back by itself when its keeper alone is killed',
    async () => {
      await using embedded = await openEmbedded({ folder })
      await write(embedded.url, 'create table kept as select 1 as n')
      const pid = await postmasterPid(folder)
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      process.kill(Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]), 'SIGKILL')
      await waitUntil(
        async () => ((await postmasterPid(folder)) || pid) !== pid && (await answers(embedded.url)),
      )
      expect(await read(embedded.url, 'select n from kept')).toEqual([{ n: 1 }])
    },
  )

  it('comes back by itself when the keeper and PostgreSQL are killed together', async () => {
    const holder = await startHolder(folder)
    const pid = await postmasterPid(folder)
    process.kill(pid, 'SIGKILL')
    holder.kill('SIGKILL')
    await using next = await openEmbedded({ folder })
    expect(await read(next.url, 'select n from held')).toEqual([{ n: 1 }])
  })

  it('starts over a lock file whose process number now belongs to somebody else', async () => {
    await (await openEmbedded({ folder }))[Symbol.asyncDispose]()
    await writeFile(
      join(folder, 'database/postmaster.pid'),
      `${process.pid}\n${join(folder, 'database')}\n1700000000\n5432\n${join(folder, 'socket')}\n\n`,
    )
    await using again = await openEmbedded({ folder })
    expect(await answers(again.url)).toBe(true)
  })

  it('starts over an initialization that was killed half way', async () => {
    await mkdir(join(folder, 'database.new/base'), { recursive: true })
    await using embedded = await openEmbedded({ folder })
    expect(await answers(embedded.url)).toBe(true)
    expect(await readdir(folder)).not.toContain('database.new')
  })

  it('works in a folder whose path is too long for a socket', async () => {
    const long = join(root, ...Array.from({ length: 8 }, () => 'a-rather-long-name'), 'data')
    await using embedded = await openEmbedded({ folder: long })
    expect(await answers(embedded.url)).toBe(true)
    expect(decodeURIComponent(embedded.url)).not.toContain('a-rather-long-name')
  })

  it('works under a parent that only its owner may pass', async () => {
    const closed = join(root, 'closed')
    await mkdir(closed, { mode: 0o700 })
    await using embedded = await openEmbedded({ folder: join(closed, 'data') })
    expect(await answers(embedded.url)).toBe(true)
  })

  it.skipIf(process.getuid?.() !== 0)('serves root on a folder that an ordinary user made', async () => {
    const database = join(folder, 'database')
    await (await openEmbedded({ folder }))[Symbol.asyncDispose]()
    const owner = (await stat(database)).uid
    expect(owner).not.toBe(0)
    await using again = await openEmbedded({ folder })
    expect(await answers(again.url)).toBe(true)
    expect((await stat(database)).uid).toBe(owner)
  })

  it('says plainly that a folder cannot be used', async () => {
    await writeFile(join(root, 'file'), '')
    await expect(openEmbedded({ folder: join(root, 'file/data') })).rejects.toThrow(
      /The data folder .*file\/data cannot be used: a part of its path is a file/,
    )
    await expect(openEmbedded({ folder: join(root, 'file') })).rejects.toThrow(/there is a file of that name/)
  })

  it('says plainly that a folder was made by another version', async () => {
    await mkdir(join(folder, 'database'), { recursive: true })
    await writeFile(join(folder, 'database/PG_VERSION'), '17\n')
    await expect(openEmbedded({ folder })).rejects.toThrow('was made by PostgreSQL 17, this build brings 18')
    // The refusal gave the lock back.
    await rm(join(folder, 'database'), { recursive: true })
    await using embedded = await openEmbedded({ folder })
    expect(await answers(embedded.url)).toBe(true)
  })
})

describe('an install without scripts', () => {
  it('has its missing library links made, beside where the package may not be written', async () => {
    const root = await mkdtemp(join(tmpdir(), 'lakegate-links-'))
    const native = join(root, 'package/native')
    await mkdir(native, { recursive: true })
    await mkdir(join(native, 'lib'))
    await writeFile(join(native, 'lib/libreal.so.1'), '')
    await writeFile(
      join(native, 'pg-symlinks.json'),
      JSON.stringify([{ source: 'native/lib/libreal.so.1', target: 'native/lib/libreal.so' }]),
    )
    const { mendLinks } = await import('#store/embedded-binaries.ts')
    expect(await mendLinks(native, join(root, 'spare'))).toBeUndefined()
    expect(await readlink(join(native, 'lib/libreal.so'))).toBe('libreal.so.1')
    expect(await mendLinks(native, join(root, 'spare'))).toBeUndefined()

    await cp(join(native, 'pg-symlinks.json'), join(root, 'links.json'))
    await rm(join(native, 'lib/libreal.so'))
    // Stands in for a package that may not be written, which root would write all the same.
    await writeFile(
      join(native, 'pg-symlinks.json'),
      JSON.stringify([{ source: 'native/lib/libreal.so.1', target: 'native/missing/libreal.so' }]),
    )
    expect(await mendLinks(native, join(root, 'spare'))).toBe(join(root, 'spare'))
    expect(await readlink(join(root, 'spare/libreal.so'))).toBe(join(native, 'lib/libreal.so.1'))
    await rm(root, { recursive: true })
  })
})
