/** The keys of `server.scim`. */
import { type Static, Type } from 'typebox'

export interface ScimSettings {
  readonly provider: string
  readonly subject: 'externalId' | 'userName'
  /** Null: the default one. */
  readonly project: string | null
}

export const scimSchema = Type.Object(
  {
    provider: Type.Optional(
      Type.String({
        // Roles of these are filled by hand.
        pattern: '^(?!(lakegate|lakekeeper|system)$)[^~\\s]+$',
        description:
          'Id of the provider in `server.auth` whose tokens the provisioned users have: they are known as `provider~subject`. Default `oidc`.',
      }),
    ),
    subject: Type.Optional(
      Type.Enum(['externalId', 'userName'], {
        description:
          'Attribute of a provisioned user that is the subject of its tokens: `externalId` (default) or `userName`.',
      }),
    ),
    project: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Id of the project whose roles the provisioned groups are. Default: the default project.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const scimSettingsOf = (keys: Static<typeof scimSchema> = {}): ScimSettings => ({
  provider: keys.provider ?? 'oidc',
  subject: keys.subject ?? 'externalId',
  project: keys.project ?? null,
})
