/** A site file for Apache httpd 2.4.47 or later. */
import { type FrontFacts, secretFile, spellingsOf } from './front-facts.ts'
import { openIdData, openIdLocations, openIdRequirements, openIdServer } from './openid.ts'

const signOnLines = {
  basic: ['AuthType Basic', 'AuthName "Batchway"', 'AuthUserFile /etc/apache2/batchway.htpasswd'],
  shibboleth: ['AuthType shibboleth', 'ShibRequestSetting requireSession 1'],
  openidc: ['AuthType openid-connect'],
} as const

const signOnWords = {
  basic: 'a stand-in that asks for a password by itself: put the lines of your single sign-on here',
  shibboleth: 'mod_shib; REMOTE_USER is what attribute-map.xml and REMOTE_USER in shibboleth2.xml say',
  openidc: 'mod_auth_openidc, as set up above',
} as const

/** Modules that the file needs, for `a2enmod`. */
export const apacheModules = (facts: Pick<FrontFacts, 'identity' | 'signOn'>): readonly string[] => [
  ...['ssl', 'headers', 'proxy', 'proxy_http', 'proxy_wstunnel', 'setenvif'],
  ...{ basic: ['auth_basic', 'authn_file'], shibboleth: ['shib'], openidc: ['auth_openidc'], none: [] }[
    facts.identity === null ? 'none' : facts.signOn
  ],
]

/** @returns the text of `/etc/apache2/sites-available/batchway.conf`. */
export function apacheConfig(facts: FrontFacts): string {
  const { fqdn, port, base, proxy, identity, needsSecret, signOn, openId, applicationDomain } = facts
  const path = base === '/' ? '/' : base.slice(0, -1)
  const backend = 'address' in proxy ? `http://${proxy.address}` : `unix:${proxy.socket}|http://batchway`
  const [target, root] = [backend + path, `${backend}/`]
  const claimed =
    identity === null ? [] : [identity.user, identity.data].flatMap((name) => (name === null ? [] : spellingsOf(name)))
  const withSignOn = identity !== null && signOn !== 'none'
  const oidc = withSignOn && signOn === 'openidc' ? openId : null
  const forwarding = (to: string) => [
    ...(needsSecret ? [`        RequestHeader set X-Batchway-Front-Secret "\${BATCHWAY_FRONT_SECRET}"`] : []),
    '        RequestHeader set X-Forwarded-Proto "https"',
    '        # A password meant for this server goes no further; tokens do.',
    `        RequestHeader unset Authorization "expr=%{HTTP:Authorization} =~ /^(basic|negotiate|digest) /i"`,
    '        # WebSockets on every path; event streams and progress as they come; uploads of any size, without time limit.',
    `        ProxyPass "${to}" upgrade=websocket nocanon flushpackets=on timeout=86400 ttl=60`,
    '        SetEnv no-gzip 1',
    '        SetEnv proxy-sendchunked 1',
    '        LimitRequestBody 0',
  ]
  const settings = [
    '    SSLEngine on',
    `    SSLCertificateFile ${facts.certificate}`,
    `    SSLCertificateKeyFile ${facts.certificateKey}`,
    '',
    '    # What a client claims about who it is goes before anything else looks at the request.',
    ...[...claimed, 'X-Batchway-Front-Secret', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Port'].map(
      (name) => `    RequestHeader unset ${name} early`,
    ),
    '',
    '    # Names of users and files may hold %2F; they reach Batchway as they are.',
    '    AllowEncodedSlashes NoDecode',
    '    ProxyRequests Off',
    '    ProxyPreserveHost On',
    '',
  ]
  const lines = [
    `# Batchway behind Apache httpd, made by "batchway front-config apache". Modules: ${apacheModules(facts).join(' ')}`,
    ...(needsSecret
      ? [`# The secret: batchway front-config apache --secret > ${secretFile.apache}; chmod 600, owner root`]
      : []),
    '',
    ...(port === 443
      ? [
          '<VirtualHost *:80>',
          `    ServerName ${fqdn}`,
          ...(applicationDomain === null ? [] : [`    ServerAlias *.${applicationDomain}`]),
          `    Redirect permanent / https://${fqdn}/`,
          '</VirtualHost>',
          '',
        ]
      : [`Listen ${port}`]),
    ...(needsSecret ? [`Include ${secretFile.apache}`, ''] : []),
    `<VirtualHost *:${port}>`,
    `    ServerName https://${fqdn}:${port}`,
    ...settings,
    ...(oidc === null ? [] : [...openIdServer(facts, oidc), '']),
    `    <Location "${path}">`,
    ...(withSignOn
      ? [
          `        # --- Single sign-on: ${signOnWords[signOn]}.`,
          ...signOnLines[signOn].map((line) => `        ${line}`),
          ...(oidc === null ? ['Require valid-user'] : openIdRequirements(oidc)).map((line) => `        ${line}`),
          '        # --- End of single sign-on.',
        ]
      : ['        Require all granted']),
    ...(identity === null
      ? []
      : [
          `        RequestHeader set ${identity.user} "expr=%{REMOTE_USER}"`,
          ...(identity.data === null
            ? []
            : [
                `        # What else your sign-on knows of the user, items in the order of the configuration.`,
                `        RequestHeader set ${identity.data} "expr=${(oidc && openIdData(oidc)) ?? '%{reqenv:BATCHWAY_DATA}'}"`,
              ]),
        ]),
    ...forwarding(target),
    '    </Location>',
    ...(oidc === null ? [] : openIdLocations(base)),
    ...(withSignOn && oidc === null
      ? [
          '',
          '    # Programs outside show a token instead of signing in. Only the API takes it, and no name goes with it.',
          `    <Location "${base}hub/api">`,
          '        <RequireAny>',
          `            Require expr "%{HTTP:Authorization} =~ /^(token|bearer) +[^ ]/i"`,
          '            Require valid-user',
          '        </RequireAny>',
          '    </Location>',
        ]
      : []),
    ...(withSignOn
      ? [
          '    # For monitoring: says that the hub answers, and nothing else.',
          `    <Location "${base}hub/health">`,
          '        Require all granted',
          '    </Location>',
        ]
      : []),
    '',
    '    # When every name on this host speaks https:',
    '    # Header always set Strict-Transport-Security "max-age=31536000"',
    '</VirtualHost>',
    ...(applicationDomain === null
      ? []
      : [
          '',
          '# Applications, each on a host of its own: they ask the hub who visits them, so nobody signs in here. The certificate',
          `# must hold for ${fqdn} and for *.${applicationDomain}. This section stays behind the one above, which a name of both belongs to.`,
          `<VirtualHost *:${port}>`,
          `    ServerName https://any.${applicationDomain}:${port}`,
          `    ServerAlias *.${applicationDomain}`,
          ...settings,
          '    <Location "/">',
          '        Require all granted',
          ...forwarding(root),
          '    </Location>',
          '</VirtualHost>',
        ]),
  ]
  return `${lines.join('\n')}\n`
}

/** @returns the text of the file that holds the secret. */
export const apacheSecret = (secret: string): string => `Define BATCHWAY_FRONT_SECRET ${secret}\n`
