/** The commands of this process, as help and completion show them; `main.ts` runs them. */
import type { Option, ProcessCommand } from '#cli/command.ts'

const config: Option = { name: 'config', about: 'lakegate.yaml (also LAKEGATE_CONFIG)' }
const data: Option = { name: 'data', about: 'data folder (default ./lakegate-data)' }
const host: Option = { name: 'host', about: 'address to listen on (default 127.0.0.1)' }
const port: Option = { name: 'port', about: 'port to listen on (default 8181)' }

export const processCommands: readonly ProcessCommand[] = [
  { name: 'serve', about: 'run the gateway', options: [config, host, port, data], process: true },
  {
    name: 'apply',
    about: 'bring a running gateway to the state declared in a file',
    options: [
      config,
      { name: 'server', about: 'the gateway to change (default: where `serve` would listen)' },
      { name: 'profile', about: 'how to sign in, and where (default: the token of the configuration)' },
      { name: 'prune', about: 'remove what is not declared', form: 'switch' },
      { name: 'dry-run', about: 'print the difference only', form: 'switch' },
    ],
    process: true,
  },
  {
    name: 'migrate-schema',
    about: 'apply pending schema changes to the database',
    options: [config, data],
    process: true,
  },
  {
    name: 'wait-for-db',
    about: 'wait until the database answers, and has the schema that this build needs',
    options: [
      config,
      data,
      { name: 'timeout', about: 'seconds to wait (default 60)', form: 'number' },
      { name: 'any-schema', about: 'do not look at the schema', form: 'switch' },
    ],
    process: true,
  },
  {
    name: 'bootstrap',
    about: 'name the first administrator; speaks to the database, not to a gateway',
    options: [
      config,
      data,
      { name: 'admin', about: 'id of a user, provider~subject, e.g. oidc~alice' },
      { name: 'name', about: 'name of that user' },
      { name: 'email', about: 'mail address of that user' },
      { name: 'member-of', about: 'project of which the administrator becomes a member too' },
      { name: 'reopen', about: 'open a store for bootstrap again', form: 'switch' },
    ],
    process: true,
  },
  {
    name: 'reseal-secrets',
    about: 'give the store another server key; no gateway runs meanwhile',
    options: [
      config,
      data,
      {
        name: 'new-key',
        about:
          'reference to it, env:NAME or file:/path; made where left out and the present one was made too',
        form: 'reference',
      },
    ],
    process: true,
  },
  {
    name: 'config',
    about: 'print the configuration in force, secrets masked',
    options: [config, host, port, data],
    process: true,
  },
  { name: 'version', about: 'print the version of this build', process: true },
]
