/**
 * drizzle, loaded as CommonJS. Its ES modules re-export one another in circles, and resolving them costs each start
 * 0.4 s of processor time and 190 MB that never come back (drizzle-orm 0.45 on Node 24); this form costs neither.
 */
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

export const { and, asc, eq, gt, isNull, sql } = load('drizzle-orm') as typeof import('drizzle-orm')

export const { DrizzleQueryError } = load('drizzle-orm/errors') as typeof import('drizzle-orm/errors')

export const { drizzle } = load('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres')

export const {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  interval,
  json,
  jsonb,
  pgSequence,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} = load('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')
