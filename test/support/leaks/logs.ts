/** The log of a whole gateway in a test's own process: silent, and in the record of the run. */
import { inspect } from 'node:util'
import type { Log, Logs } from '../../../src/log.ts'
import { noteEmitted } from './record.ts'

const note: Log = (event, detail) =>
  noteEmitted('log', event, inspect(detail, { depth: 20, maxArrayLength: null, maxStringLength: null }))

export const recordedLogs: Logs = { info: note, warn: note, error: note }
