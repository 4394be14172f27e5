/** A job that one process at a time may do: a named lease that lapses when its holder is gone. */
import { type Sql, statement } from './database.ts'

export interface Lease {
  readonly name: string
  readonly holder: string
  /** Grows with each new holder: what an earlier holder still writes can be told apart. */
  readonly epoch: number
}

const take = statement(`
  insert into lease as l (name, holder, until) values ($1, $2, now() + make_interval(secs => $3))
  on conflict (name) do update set
    holder = excluded.holder, until = excluded.until,
    epoch = l.epoch + case when l.holder = excluded.holder then 0 else 1 end
  where l.holder = excluded.holder or l.until <= now()
  returning epoch`)

/** Takes the lease or renews it for `seconds` (the database's clock); undefined while another holds it. */
export const acquireLease = async (
  sql: Sql,
  name: string,
  { holder, seconds }: { readonly holder: string; readonly seconds: number },
): Promise<Lease | undefined> => {
  const [row] = await sql.query<{ epoch: number }>(take, [name, holder, seconds])
  return row === undefined ? undefined : { name, holder, epoch: row.epoch }
}

/** A whole second ago, as the column rounds. */
const giveBack = statement(`
  update lease set until = now() - interval '1 second' where name = $1 and holder = $2 and epoch = $3`)

/** Lets the next one take it at once. */
export const releaseLease = async (sql: Sql, lease: Lease): Promise<void> => {
  await sql.execute(giveBack, [lease.name, lease.holder, lease.epoch])
}

const held = statement(`
  select 1 from lease where name = $1 and holder = $2 and epoch = $3 and until > now() for share`)

/** Inside a transaction: true while the lease is held, and nobody takes it until the transaction ends. */
export const isHeld = async (sql: Sql, lease: Lease): Promise<boolean> =>
  (await sql.query(held, [lease.name, lease.holder, lease.epoch])).length === 1
