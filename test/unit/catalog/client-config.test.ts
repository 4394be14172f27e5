import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allowClientConfig } from '../../../src/catalog/client-config.ts'

const located = {
  'client.region': 'eu-central-1',
  's3.region': 'eu-central-1',
  's3.endpoint': 'https://s3.example.org:9000/base',
  's3.path-style-access': 'true',
  'gcs.project-id': 'my-project',
  'adls.account-name': 'lake',
}

describe('client configuration of a relayed load', () => {
  it('keeps where the data lies', () => {
    expect(allowClientConfig(located)).toEqual(located)
  })

  it.each([
    'token',
    'credential',
    'uri',
    'prefix',
    'warehouse',
    'header.Authorization',
    'urn:ietf:params:oauth:token-type:access_token',
    's3.access-key-id',
    's3.secret-access-key',
    's3.session-token',
    's3.signer',
    's3.signer.uri',
    's3.signer.endpoint',
    'signer.endpoint',
    's3.remote-signing-enabled',
    'client.refresh-credentials-endpoint',
    'gcs.oauth2.token',
    'gcs.oauth2.refresh-credentials-endpoint',
    'adls.sas-token.lake',
    'adls.auth.shared-key.account.key',
    'adls.connection-string',
    'io-impl',
    'rest.auth.type',
    'oauth2-server-uri',
    'scan-planning-mode',
    'namespace-separator',
    'constructor',
    '__proto__',
    'S3.ENDPOINT',
  ])('drops %s', (key) => {
    const config: Record<string, string> = Object.create(null)
    config[key] = 'canary'
    expect(Object.keys(allowClientConfig(config))).toEqual([])
  })

  it.each([
    ['s3.endpoint', 'https://user:canary@s3.example.org'],
    ['s3.endpoint', 'https://s3.example.org/?sig=canary'],
    ['s3.endpoint', 'https://s3.example.org/#canary'],
    ['s3.endpoint', 'file:///etc/canary'],
    ['s3.endpoint', 'canary'],
    ['client.region', 'eu central canary'],
    ['s3.path-style-access', 'canary'],
    ['gcs.service.host', 'https://canary@host/'],
  ])('drops %s where its value is %s', (key, value) => {
    expect(allowClientConfig({ [key]: value })).toEqual({})
  })

  it('never adds, and never lets an unlisted key through', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (config) => {
        expect(Object.keys(allowClientConfig(config))).toEqual([])
      }),
    )
  })
})
