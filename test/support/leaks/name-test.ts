/** Names the test file to the record, also for the processes that it starts. */
import { relative } from 'node:path'
import { expect } from 'vitest'
import { testVariable } from './record.ts'

process.env[testVariable] = relative(process.cwd(), expect.getState().testPath ?? '')
