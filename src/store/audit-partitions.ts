/**
 * The partitions of the audit log, a month each and made ahead, so that old entries leave as a table; and the guards
 * that keep entries from being altered by accident. Whoever owns the tables can take the guards away: what proves that
 * nothing was altered are the blocks (`audit-blocks.ts`).
 */
import type { Transaction } from './database.ts'

const monthsAhead = 13

const guards = `
  create or replace function audit_is_kept() returns trigger language plpgsql as $$
  begin
    raise exception 'The audit log is append-only: % of % is refused', tg_op, tg_table_name
      using errcode = 'insufficient_privilege';
  end $$`

/** Row triggers come to new partitions by themselves; what truncates does not, and is set on each table. */
const setGuards = `do $$
  declare kept record;
  begin
    if not exists (select from pg_trigger where tgrelid = 'audit_entry'::regclass and tgname = 'audit_entry_kept') then
      create trigger audit_entry_kept before update or delete on audit_entry
        for each row execute function audit_is_kept();
    end if;
    if not exists (select from pg_trigger where tgrelid = 'audit_block'::regclass and tgname = 'audit_block_kept') then
      create trigger audit_block_kept before delete on audit_block
        for each row execute function audit_is_kept();
      -- Retention lets go of the leaves of a block, and of nothing else.
      create trigger audit_block_unaltered before update on audit_block for each row
        when (new.leaves is not null or (to_jsonb(new) - 'leaves') is distinct from (to_jsonb(old) - 'leaves'))
        execute function audit_is_kept();
    end if;
    for kept in
      select c.oid, c.relname from pg_class c
      where c.oid in ('audit_entry'::regclass, 'audit_block'::regclass, 'audit_retired'::regclass)
        or c.oid in (select inhrelid from pg_inherits where inhparent = 'audit_entry'::regclass)
    loop
      if not exists (select from pg_trigger where tgrelid = kept.oid and tgname = 'audit_not_truncated') then
        execute format('create trigger audit_not_truncated before truncate on %I
          for each statement execute function audit_is_kept()', kept.relname);
      end if;
    end loop;
  end $$`

/**
 * Months ahead, and months that entries lie in which were written outside of every partition: those move out of the
 * default one, as they are.
 */
const makePartitions = `do $$
  declare months timestamp[]; first timestamp; name text; moved boolean;
  begin
    -- Read to its end first: a table that is being read cannot be altered.
    months := array(
      select date_trunc('month', now() at time zone 'utc') + make_interval(months => i)
      from generate_series(0, ${monthsAhead - 1}) i
      union
      select distinct date_trunc('month', at at time zone 'utc') from audit_entry_default);
    foreach first in array months
    loop
      name := 'audit_entry_' || to_char(first, 'YYYY_MM');
      continue when to_regclass(name) is not null;
      moved := exists (select from audit_entry_default
        where at >= first at time zone 'utc' and at < (first + interval '1 month') at time zone 'utc');
      if moved then
        execute format('create table %I (like audit_entry including defaults)', name);
        alter table audit_entry_default disable trigger audit_entry_kept;
        execute format('with moved as (delete from audit_entry_default where at >= %L and at < %L returning *)
          insert into %I select * from moved',
          first at time zone 'utc', (first + interval '1 month') at time zone 'utc', name);
        alter table audit_entry_default enable trigger audit_entry_kept;
        execute format('alter table audit_entry attach partition %I for values from (%L) to (%L)', name,
          first at time zone 'utc', (first + interval '1 month') at time zone 'utc');
      else
        execute format('create table %I partition of audit_entry for values from (%L) to (%L)', name,
          first at time zone 'utc', (first + interval '1 month') at time zone 'utc');
      end if;
    end loop;
  end $$`

/** The partitions that are missing, with their guards. Takes a lock that writers of entries wait for: be quick. */
export const prepareAudit = async (tx: Transaction): Promise<void> => {
  await tx.query(guards)
  await tx.query(makePartitions)
  await tx.query(setGuards)
}
