import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { modelFile, modelSource, sourceFile } from '../../support/policy/model-source.ts'

test('the model in force is the one that is reviewed: policies/model.fga', () => {
  expect(readFileSync(sourceFile, 'utf8')).toBe(modelSource(readFileSync(modelFile, 'utf8')))
})
