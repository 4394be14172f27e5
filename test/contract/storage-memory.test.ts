import { createMemoryStore } from '../support/memory-store.ts'
import { describeStorage } from './storage.ts'

describeStorage('memory', async () => ({
  store: createMemoryStore('s3://bucket/root'),
  root: 's3://bucket/root',
  outside: 's3://bucket/other/a',
  [Symbol.asyncDispose]: async () => {},
}))
