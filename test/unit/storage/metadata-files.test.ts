import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createMetadataFiles } from '#storage/metadata-files.ts'
import { createMemoryStore } from '../../support/memory-store.ts'
import { rejection } from '../../support/rejection.ts'

const root = 's3://bucket/t/metadata'

const filesWith = (name: string, bytes: Uint8Array, maxBytes = 1000) => {
  const store = createMemoryStore(root)
  store.objects.set(`${root}/${name}`, bytes)
  return createMetadataFiles(store, { maxBytes })
}

describe('metadata files', () => {
  it('expand what is compressed whatever its name, and take plain text under a compressed name', async () => {
    for (const name of ['1.metadata.json', '1.gz.metadata.json', '1.metadata.json.gz'])
      for (const bytes of [gzipSync('{}'), Buffer.from('{}')])
        expect(Buffer.from(await filesWith(name, bytes).read(`${root}/${name}`)).toString()).toBe('{}')
  })

  it('refuse a small file that expands beyond the limit', async () => {
    const files = filesWith('bomb.gz.metadata.json', gzipSync(Buffer.alloc(100_000)))
    expect(await rejection(files.read(`${root}/bomb.gz.metadata.json`))).toMatchObject({
      type: 'BadRequestException',
    })
  })

  it('expand up to exactly the limit', async () => {
    const files = filesWith('a.gz.metadata.json', gzipSync(Buffer.alloc(1000)))
    expect((await files.read(`${root}/a.gz.metadata.json`)).byteLength).toBe(1000)
  })

  it('refuse what is cut or broken after the magic', async () => {
    const whole = gzipSync('{"a":"0123456789"}')
    const broken = Buffer.concat([whole.subarray(0, 12), Buffer.from('garbage garbage')])
    for (const bytes of [whole.subarray(0, -9), broken, whole.subarray(0, 2)])
      expect(await rejection(filesWith('a', bytes).read(`${root}/a`))).toMatchObject({
        type: 'BadRequestException',
      })
  })
})
