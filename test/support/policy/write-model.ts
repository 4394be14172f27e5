/** `npm run policy-model`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { modelFile, modelSource, sourceFile } from './model-source.ts'

writeFileSync(sourceFile, modelSource(readFileSync(modelFile, 'utf8')))
