/** Commands on connections and mounts. */
import type { Argument, CallCommand, Option, View } from './command.ts'

const connection: Argument = {
  name: 'connection',
  about: 'the connection',
  kind: 'connection',
  to: 'path.id',
}
const connectionView: View = { columns: ['connection-id', 'name', 'kind', 'config', 'project-id'] }

const connectionOptions: readonly Option[] = [
  { name: 'uri', about: 'address of the upstream', to: 'body.config.uri' },
  { name: 'upstream-warehouse', about: 'warehouse to ask the upstream for', to: 'body.config.warehouse' },
]

export const connectionCommands: readonly CallCommand[] = [
  {
    name: 'connection list',
    about: 'list the connections of the project',
    line: 'GET /v1/connection',
    view: { list: 'connections', columns: ['connection-id', 'name', 'kind', 'config.uri'] },
  },
  {
    name: 'connection get',
    about: 'show a connection',
    line: 'GET /v1/connection/{id}',
    arguments: [connection],
    view: connectionView,
  },
  {
    name: 'connection create',
    about: 'make a connection to an upstream; how to sign in there is given by --from',
    line: 'POST /v1/connection',
    arguments: [{ name: 'name', about: 'its name', to: 'body.connection-name' }],
    options: [
      { name: 'kind', about: 'kind of upstream, e.g. iceberg-rest', to: 'body.kind' },
      ...connectionOptions,
    ],
    from: true,
    view: connectionView,
  },
  {
    name: 'connection rename',
    about: 'give a connection another name',
    line: 'POST /v1/connection/{id}/rename',
    arguments: [connection, { name: 'new-name', about: 'its new name', to: 'body.new-name' }],
    view: connectionView,
  },
  {
    name: 'connection config',
    about: 'replace the configuration of a connection',
    line: 'POST /v1/connection/{id}/config',
    arguments: [connection],
    options: connectionOptions,
    from: true,
    view: connectionView,
  },
  {
    name: 'connection delete',
    about: 'delete a connection that no mount uses',
    line: 'DELETE /v1/connection/{id}',
    arguments: [connection],
  },
]

const warehouse: Argument = { name: 'warehouse', about: 'the warehouse', kind: 'warehouse', to: 'path.id' }
const mount: Argument = {
  name: 'mount',
  about: 'the mount, by id or namespace',
  kind: 'mount',
  to: 'path.mount',
}
const mountColumns = ['mount-id', 'namespace', 'connection-name', 'connection-id']

export const mountCommands: readonly CallCommand[] = [
  {
    name: 'mount list',
    about: 'list the mounts of a warehouse',
    line: 'GET /v1/warehouse/{id}/mount',
    arguments: [warehouse],
    view: { list: 'mounts', columns: mountColumns },
  },
  {
    name: 'mount get',
    about: 'show a mount',
    line: 'GET /v1/warehouse/{id}/mount/{mount}',
    arguments: [warehouse, mount],
    view: { columns: mountColumns },
  },
  {
    name: 'mount create',
    about: 'show an upstream below a namespace of a warehouse',
    line: 'POST /v1/warehouse/{id}/mount',
    arguments: [
      warehouse,
      {
        name: 'namespace',
        about: 'its levels, e.g. a/b; . is the root',
        to: 'body.namespace',
        form: 'levels',
      },
      { name: 'connection', about: 'the upstream', kind: 'connection', to: 'body.connection-id' },
    ],
    view: { columns: mountColumns },
  },
  {
    name: 'mount delete',
    about: 'show an upstream no longer; nothing is deleted there',
    line: 'DELETE /v1/warehouse/{id}/mount/{mount}',
    arguments: [warehouse, mount],
  },
]
