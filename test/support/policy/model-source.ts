/** Turns the model of policies/model.fga into the source of src/authz/model.ts, so that no parser runs in the product. */
import { transformer } from '@openfga/syntax-transformer'
import type { AuthorizationModel } from '#authz/model-form.ts'

const folder = new URL('../../../', import.meta.url)
export const modelFile = new URL('policies/model.fga', folder)
export const sourceFile = new URL('src/authz/model.ts', folder)

const head = `/**
 * Generated from \`policies/model.fga\` by \`npm run policy-model\`; a test holds both equal. OpenFGA's own form: the
 * embedded evaluator compiles it, and an OpenFGA server is given it as it stands.
 */
import type { AuthorizationModel, TypeDefinition } from './model-form.ts'
`

/** A type a line. JSON of names alone: nothing in it needs an escape inside a quoted string of source. */
const quoted = (value: unknown): string => {
  const text = JSON.stringify(value)
  if (/['\\]/.test(text)) throw new Error(`needs an escape: ${text}`)
  return `'${text}'`
}

export const modelOf = (text: string): AuthorizationModel =>
  JSON.parse(transformer.transformDSLToJSON(text)) as AuthorizationModel

export const modelSource = (text: string): string => {
  const { schema_version, type_definitions, conditions } = modelOf(text)
  const types = type_definitions.map((definition) => `  ${quoted(definition)},\n`).join('')
  return `${head}
const types: readonly string[] = [
${types}]

export const authorizationModel: AuthorizationModel = {
  schema_version: '${schema_version}',
  type_definitions: types.map((text) => JSON.parse(text) as TypeDefinition),
  conditions: JSON.parse(
    ${quoted(conditions ?? {})},
  ),
}
`
}
