/** What Trino's OPA plugin sends, as far as decisions depend on it; everything else is passed over. */
import { type Static, Type } from 'typebox'

const name = Type.String({ maxLength: 4096 })

const functionForm = Type.Object({
  catalogName: Type.Optional(name),
  schemaName: Type.Optional(name),
  functionName: name,
})

const resourceForm = Type.Object({
  user: Type.Optional(Type.Object({ user: name })),
  systemSessionProperty: Type.Optional(Type.Object({ name })),
  catalogSessionProperty: Type.Optional(Type.Object({ catalogName: name, propertyName: name })),
  function: Type.Optional(functionForm),
  catalog: Type.Optional(Type.Object({ name })),
  schema: Type.Optional(Type.Object({ catalogName: name, schemaName: name })),
  table: Type.Optional(
    Type.Object({
      catalogName: name,
      schemaName: name,
      tableName: name,
      columns: Type.Optional(Type.Array(name)),
      properties: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    }),
  ),
})

const actionForm = Type.Object({
  operation: Type.String({ maxLength: 128 }),
  resource: Type.Optional(resourceForm),
  targetResource: Type.Optional(resourceForm),
  filterResources: Type.Optional(Type.Array(resourceForm)),
})

export const opaQueryForm = Type.Object(
  {
    input: Type.Object({
      context: Type.Object({ identity: Type.Object({ user: name }) }),
      action: actionForm,
    }),
  },
  { title: 'OpaQuery' },
)

export type OpaQuery = Static<typeof opaQueryForm>['input']
export type OpaAction = OpaQuery['action']
export type OpaResource = Static<typeof resourceForm>
