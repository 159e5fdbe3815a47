/** A site file for nginx 1.18 or later. */
import { type FrontFacts, secretFile, spellingsOf } from './front-facts.ts'

/** @returns the text of `/etc/nginx/conf.d/batchway.conf`. */
export function nginxConfig(facts: FrontFacts): string {
  const { fqdn, port, base, proxy, identity, needsSecret, signOn, applicationDomain } = facts
  const withSignOn = identity !== null && signOn !== 'none'
  const claimed =
    identity === null
      ? []
      : [identity.user, identity.data].flatMap((name) =>
          name === null ? [] : spellingsOf(name).filter((each) => each !== name),
        )
  const settings = [
    `    ssl_certificate ${facts.certificate};`,
    `    ssl_certificate_key ${facts.certificateKey};`,
    ...(needsSecret ? [`    include ${secretFile.nginx};`] : []),
    '',
    '    # Uploads of any size; event streams and progress as they come; quiet WebSockets live.',
    '    client_max_body_size 0;',
    '    proxy_request_buffering off;',
    '    proxy_buffering off;',
    '    proxy_read_timeout 1d;',
    '    proxy_send_timeout 1d;',
    '    gzip off;',
    '    proxy_http_version 1.1;',
    '',
    '    proxy_set_header Host $http_host;',
    '    proxy_set_header Upgrade $http_upgrade;',
    '    proxy_set_header Connection $batchway_connection;',
    '    proxy_set_header Authorization $batchway_authorization;',
    '    proxy_set_header X-Forwarded-For $remote_addr;',
    '    proxy_set_header X-Forwarded-Host $http_host;',
    '    proxy_set_header X-Forwarded-Port $server_port;',
    '    proxy_set_header X-Forwarded-Proto https;',
    ...(needsSecret ? ['    proxy_set_header X-Batchway-Front-Secret $batchway_front_secret;'] : []),
    ...claimed.map((name) => `    proxy_set_header ${name} '';`),
  ]
  const unnamed =
    identity === null
      ? []
      : [identity.user, identity.data].flatMap((name) => (name === null ? [] : [`    proxy_set_header ${name} '';`]))
  const lines = [
    '# Batchway behind nginx, made by "batchway front-config nginx".',
    ...(needsSecret
      ? [`# The secret: batchway front-config nginx --secret > ${secretFile.nginx}; chmod 600, owner root`]
      : []),
    '',
    'map $http_upgrade $batchway_connection {',
    '    default upgrade;',
    `    ''      '';`,
    '}',
    '# A password meant for this server goes no further; tokens do.',
    'map $http_authorization $batchway_authorization {',
    `    ~*^(basic|negotiate|digest)\\s  '';`,
    '    default                        $http_authorization;',
    '}',
    ...(withSignOn
      ? [
          '# Programs outside show a token instead of signing in. Only the API takes it, and no name goes with it.',
          'map $http_authorization $batchway_sign_on {',
          '    "~*^(token|bearer) +[^ ]"  off;',
          '    default                   "Batchway";',
          '}',
          'map $http_authorization $batchway_token_user {',
          `    "~*^(token|bearer) +[^ ]"  '';`,
          '    default                   $remote_user;',
          '}',
        ]
      : []),
    '',
    'upstream batchway {',
    `    server ${'address' in proxy ? proxy.address : `unix:${proxy.socket}`};`,
    '    keepalive 64;',
    '    keepalive_timeout 60s;',
    '}',
    '',
    ...(port === 443
      ? [
          'server {',
          '    listen 80;',
          '    listen [::]:80;',
          `    server_name ${fqdn}${applicationDomain === null ? '' : ` *.${applicationDomain}`};`,
          '    return 301 https://$host$request_uri;',
          '}',
          '',
        ]
      : []),
    'server {',
    `    listen ${port} ssl;`,
    `    listen [::]:${port} ssl;`,
    `    server_name ${fqdn};`,
    ...settings,
    ...(identity === null
      ? []
      : [
          `    proxy_set_header ${identity.user} ${withSignOn ? '$batchway_token_user' : "''"};`,
          ...(identity.data === null ? [] : [`    proxy_set_header ${identity.data} '';`]),
        ]),
    '',
    // A prefix without its slash would take `/jupyterhub` along with `/jupyter`.
    ...(base === '/' ? [] : [`    location = ${base.slice(0, -1)} { return 301 https://$http_host${base}; }`]),
    ...(withSignOn
      ? [
          `    location ${base} {`,
          '        # --- Single sign-on: a stand-in that asks for a password by itself. With auth_request or another module,',
          '        # set the name that it gives in place of $batchway_token_user above.',
          '        auth_basic "Batchway";',
          '        auth_basic_user_file /etc/nginx/batchway.htpasswd;',
          '        # --- End of single sign-on.',
          '        proxy_pass http://batchway;',
          '    }',
          `    location ${base}hub/api {`,
          '        auth_basic $batchway_sign_on;',
          '        auth_basic_user_file /etc/nginx/batchway.htpasswd;',
          '        proxy_pass http://batchway;',
          '    }',
          '    # For monitoring: says that the hub answers, and nothing else.',
          `    location = ${base}hub/health {`,
          '        proxy_pass http://batchway;',
          '    }',
        ]
      : [`    location ${base} {`, '        proxy_pass http://batchway;', '    }']),
    '',
    '    # When every name on this host speaks https:',
    '    # add_header Strict-Transport-Security "max-age=31536000" always;',
    '}',
    ...(applicationDomain === null
      ? []
      : [
          '',
          '# Applications, each on a host of its own: they ask the hub who visits them, so nobody signs in here. The certificate',
          `# must hold for ${fqdn} and for *.${applicationDomain}.`,
          'server {',
          `    listen ${port} ssl;`,
          `    listen [::]:${port} ssl;`,
          `    server_name *.${applicationDomain};`,
          ...settings,
          ...unnamed,
          '',
          '    location / {',
          '        proxy_pass http://batchway;',
          '    }',
          '}',
        ]),
  ]
  return `${lines.join('\n')}\n`
}

/** @returns the text of the file that holds the secret. */
export const nginxSecret = (secret: string): string => `set $batchway_front_secret "${secret}";\n`
