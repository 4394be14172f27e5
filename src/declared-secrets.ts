/** A file is copied, mailed and kept under version control: no secret stands in it. */
import { CatalogError } from '#model/errors.ts'
import { isReference, mapSecrets } from '#model/secret.ts'
import { connectors } from '../connectors/index.ts'

interface DeclaredConnection {
  readonly name: string
  readonly kind: string
}

/** BadRequest for a connection with a literal secret, which a call may have. Unknown kinds are refused elsewhere. */
export const checkDeclaredSecrets = (connections: readonly DeclaredConnection[]): void => {
  for (const connection of connections) {
    const schema = connectors.find(({ kind }) => kind === connection.kind)?.schema
    if (schema === undefined) continue
    mapSecrets(schema, connection, (secret) => {
      if (isReference(secret) && !secret.startsWith('secret:')) return secret
      throw new CatalogError(
        'BadRequestException',
        `Invalid configuration: secrets of the connection ${connection.name} must be references, env:NAME or file:/path`,
      )
    })
  }
}
