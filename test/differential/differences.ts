/**
 * Every difference between JupyterHub 5.2's API and ours that requests can see, each with its reason. The test fails for one that is not
 * listed, and for a line that is no longer true. The page docs/reference/differences-from-jupyterhub.md is made from this table.
 */

export interface ListedDifference {
  /** What a client notices, in a few words. */
  readonly what: string
  readonly jupyterhub: string
  readonly batchway: string
  readonly why: string
  /** Rows where it shows, by their names. */
  readonly rows: RegExp
  /** Places in the answer where it shows, as `compare` names them. */
  readonly places: RegExp
  /** What stands there, as far as it matters. */
  readonly theirs?: RegExp
  readonly ours?: RegExp
}

const status = /^status$/

export const listedDifferences: readonly ListedDifference[] = [
  // On every answer.
  {
    what: 'Body of an error',
    jupyterhub: '`status`, `message`',
    batchway: 'the same, and `type`, `title`, `detail`, `instance`, `retry`',
    why: 'RFC 9457 beside JupyterHub’s two members: programs can tell errors apart, and people quote the request’s id',
    rows: /./,
    places: /^body (type|title|detail|instance|retry)$/,
    theirs: /^absent$/,
  },
  {
    what: 'Caching',
    jupyterhub: 'no `Cache-Control` (event streams: `no-cache`); an `ETag`',
    batchway: '`Cache-Control: no-store` (event streams: `no-cache, no-transform`); no `ETag`',
    why: 'Answers hold who people are and what they run: nothing between hub and client may keep them, or hold events back',
    rows: /./,
    places: /^header (cache-control|etag)$/,
  },
  {
    what: '`Content-Type` of an empty answer',
    jupyterhub: '`application/json`',
    batchway: 'none',
    why: 'Nothing is no JSON: clients that believe the header fail on it',
    rows: /activity|POST \/proxy|PATCH \/proxy/,
    places: /^header content-type$/,
    ours: /^absent$/,
  },

  // HTTP.
  {
    what: '`HEAD`',
    jupyterhub: '405',
    batchway: 'as `GET`, without the body',
    why: 'RFC 9110 9.3.2: servers must support it',
    rows: /: HEAD /,
    places: status,
    theirs: /^405$/,
  },
  {
    what: '`OPTIONS`',
    jupyterhub: '200, or 404 where nothing is',
    batchway: '204 below the whole API',
    why: 'Nothing is looked up for who shows no credentials; browsers take either',
    rows: /: OPTIONS /,
    places: status,
    ours: /^204$/,
  },
  {
    what: 'Addresses with broken or control characters (`%00`, `%FF`, `%zz`)',
    jupyterhub: '404 or 400 of the hub',
    batchway: '400 of the proxy, without the hub’s headers',
    why: 'They reach neither the hub nor an application: two programs that read an address differently are an attack',
    rows: /%(00|FF|zz)/,
    places: /^(status|header (content-security-policy|access-control-allow-headers|x-jupyterhub-version|vary))$/,
  },
  {
    what: 'The API’s root',
    jupyterhub: 'no `Access-Control-Allow-Origin`',
    batchway: '`Access-Control-Allow-Origin: *`',
    why: 'JupyterHub 6 answers so; the version is no secret',
    rows: /: GET \/?$/,
    places: /^header access-control-allow-origin$/,
  },
  {
    what: '`Content-Type` of a page',
    jupyterhub: '`application/json`',
    batchway: '`application/jupyterhub-pagination+json`',
    why: 'It is the type that the client has asked for; JupyterHub’s clients read JSON without looking',
    rows: /./,
    places: /^header content-type$/,
    ours: /pagination\+json/,
  },
  {
    what: 'Parameters in `Accept` (`…pagination+json; q=0.9`)',
    jupyterhub: 'the type is not recognised: a bare list',
    batchway: 'a page',
    why: 'RFC 9110 12.5.1',
    rows: /pages with q/,
    places: /^body/,
  },
  {
    what: '`health` and `metrics`',
    jupyterhub: 'are pages: HTML errors, a cookie for whoever is refused',
    batchway: 'belong to the API: JSON errors, its headers, never a cookie',
    why: 'Programs read them; the hub never sets a cookie for a program, which might send it along for others',
    rows: /\/(health|metrics)\b/,
    places: /^(body|header (content-type|content-security-policy|set-cookie))$/,
  },

  // Who asks.
  {
    what: 'A cookie beside a token that is wrong',
    jupyterhub: 'the cookie counts',
    batchway: '403',
    why: 'Who shows a token is judged by it alone: a program must not act as the person whose browser it runs in',
    rows: /cookie and wrong token/,
    places: status,
  },
  {
    what: 'A browser that navigates to the API without the token against forgery',
    jupyterhub: 'is answered',
    batchway: '403',
    why: 'Applications may share the hub’s origin: one that opens the API in a window could read what it says about its visitor',
    rows: /alice-forged: GET .*navigates/,
    places: status,
  },
  {
    what: 'By cookie, a method other than `POST` with a body that is not JSON',
    jupyterhub: 'is carried out',
    batchway: '403',
    why: 'JupyterHub’s rule for `POST` holds for every method that changes something',
    rows: /alice-browser: DELETE .*as text/,
    places: status,
  },
  {
    what: '`GET /user` of a service',
    jupyterhub: 'its token has a number; `url` is null without one',
    batchway: '`token_id` is null; `url` is empty, as in `/services`',
    why: 'Tokens of services are configuration: there is no row to number',
    rows: /^(culler|whoami|seed): GET \/user$/,
    places: /^body (token_id|url)$/,
  },
  {
    what: '`/authorizations/…`',
    jupyterhub: 'deprecated',
    batchway: '404',
    why: 'They put credentials into addresses, where logs keep them',
    rows: /\/authorizations\//,
    places: status,
  },

  // Bodies of requests.
  {
    what: 'A body that is not UTF-8, or a name that is a number',
    jupyterhub: '500',
    batchway: '400',
    why: 'The client’s mistake, not the hub’s',
    rows: /not UTF-8|\[7\]|server \[\]/,
    places: status,
    theirs: /^500$/,
    ours: /^400$/,
  },
  {
    what: 'Values of another type (`[]` for nothing, `true` for a number, text for a list)',
    jupyterhub: 'are taken for what Python makes of them: `"usernames": "yan"` makes three users',
    batchway: '400',
    why: 'A request that means something else than it says is refused',
    rows: /"expires_in":true|"note":7|tokens \[\]|"usernames":"yan"/,
    places: status,
    ours: /^400$/,
  },

  // Users and groups.
  {
    what: 'Upper case in names of users',
    jupyterhub: 'lowered by `POST /users`, kept by `POST /users/NAME`; looked up to the letter',
    batchway: 'lowered everywhere',
    why: 'Otherwise an administrator makes a user whom no sign-in can ever be',
    rows: /ALICE|[Nn]ewest/,
    places: /^(status|body name)$/,
  },
  {
    what: 'Names of users',
    jupyterhub: 'any text without `/`, even an empty one by renaming',
    batchway: 'letters, digits and `. _ - @ +`, at most 255',
    why: 'They stand in addresses, files, job scripts and logs (CVE-2026-54338: huge names)',
    rows: /has blank|café|a huge name|odd%20name|"name":""/,
    places: status,
    ours: /^400$/,
  },
  {
    what: 'Names of servers',
    jupyterhub: 'any text without `/`',
    batchway: 'letters, digits and `. _ -`, at most 32',
    why: 'They stand in addresses and in ids of OAuth clients; JupyterHub 6 is stricter still',
    rows: /servers\/(has%20blank|a%2Fb)/,
    places: status,
  },
  {
    what: 'Making users and groups with a filtered `admin:users` or `admin:groups`',
    jupyterhub: '201',
    batchway: '403',
    why: 'GHSA-69wv-m5fw-2fhp, mended in JupyterHub 5.5.1: who runs one group could make users outside of it',
    rows: /^gina: POST \/(users|groups) /,
    places: status,
    theirs: /^201$/,
    ours: /^403$/,
  },
  {
    what: 'Several groups of which one exists',
    jupyterhub: '409, and those before it are made',
    batchway: '409, and none is made',
    why: 'All or nothing',
    rows: /GET \/groups\/g9/,
    places: status,
  },
  {
    what: 'Another name for a user whose server runs',
    jupyterhub: '200; the server is out of reach',
    batchway: '400',
    why: 'Its address and its job carry the old name',
    rows: /PATCH \/users\/rita/,
    places: status,
  },
  {
    what: '`total` of groups for who may see some',
    jupyterhub: 'counts all',
    batchway: 'counts those',
    why: 'It would tell how many there are',
    rows: /^gina: GET \/groups \(pages\)/,
    places: /^body _pagination.total$/,
  },
  {
    what: '`name_filter` with `%` or `_`',
    jupyterhub: 'stand for any text, or any character',
    batchway: 'stand for themselves',
    why: 'Names may hold `_`',
    rows: /name_filter=(%25|_)$/,
    places: /^body/,
  },
  {
    what: '`user_info` in the model of a user',
    jupyterhub: 'absent',
    batchway: 'null',
    why: 'As JupyterHub 6',
    rows: /./,
    places: /(^body |\.)user_info$/,
    theirs: /^absent$/,
  },

  // Tokens and services.
  {
    what: '`expires_in: 0` for a token',
    jupyterhub: 'a token that never expires, whatever the site’s limit',
    batchway: '400',
    why: 'The limit could be passed by',
    rows: /"expires_in":0/,
    places: status,
  },
  {
    what: 'The scope `start:servers`',
    jupyterhub: 'there is none',
    batchway: 'is part of `servers`, and listed with it',
    why: 'As JupyterHub 6',
    rows: /./,
    places: /^body (.*\.)?scopes$/,
    ours: /start:servers/,
  },
  {
    what: 'Making and removing services by the API',
    jupyterhub: 'for holders of `admin:services`',
    batchway: '405',
    why: 'Services are configuration (docs/decisions/0048): what may act for people is written where the site keeps its other decisions',
    rows: /(POST|DELETE) \/services\//,
    places: status,
    ours: /^405$/,
  },

  // Servers.
  {
    what: 'Starting a server',
    jupyterhub: 'waits up to ten seconds: 201 when it runs, 500 when it has failed, else 202',
    batchway: '202 at once',
    why: 'A batch job hardly ever runs within ten seconds; progress and model tell the rest, as they do after JupyterHub’s 202',
    rows: /POST \/users\/\w+\/(server|servers\/(lab)?)( |$)/,
    places: status,
    theirs: /^(201|500)$/,
    ours: /^202$/,
  },
  {
    what: 'Stopping a server',
    jupyterhub: 'waits up to ten seconds: 204 when it has stopped, else 202',
    batchway: '202 at once; 204 when it does not run',
    why: 'As above; clients ask again after JupyterHub’s 202, too',
    rows: /DELETE \/users\/\w+\/server/,
    places: status,
    theirs: /^204$/,
    ours: /^202$/,
  },
  {
    what: '`started` of a server that is pending',
    jupyterhub: 'the request',
    batchway: 'null until its job starts, then the job’s start',
    why: 'Who stops servers by age must not count hours in the queue',
    rows: /./,
    places: /^body (.*\.)?servers\..*started$/,
    ours: /^null$/,
  },
  {
    what: 'Progress of a start that was stopped',
    jupyterhub: '400',
    batchway: 'one event: `failed`, with the reason',
    why: 'As JupyterHub 6',
    rows: /stopped while it started/,
    places: status,
  },
  {
    what: 'Progress of a start that failed',
    jupyterhub: '`html_message` if the spawner has one',
    batchway: 'always has `html_message`, escaped',
    why: 'Old pages insert it as HTML: what a scheduler said must not become markup',
    rows: /progress \(failed\)/,
    places: /html_message$/,
  },
  {
    what: 'Model of a server',
    jupyterhub: '',
    batchway: 'also `display_name`, `session`',
    why: 'As JupyterHub 6; the session tells of job and history',
    rows: /./,
    places: /servers\..*(display_name|session)$/,
    theirs: /^absent$/,
  },
  {
    what: '`state` of a server, for `admin:server_state`',
    jupyterhub: 'what its spawner keeps',
    batchway: '`job_id`, `state`',
    why: 'Each spawner has its own',
    rows: /./,
    places: /servers\..*state\.\w+$/,
    theirs: /^absent$/,
  },
  {
    what: 'A share of a scope that is none',
    jupyterhub: '500',
    batchway: '400',
    why: 'The client’s mistake, not the hub’s',
    rows: /POST \/shares\/.*"no:such"/,
    places: status,
    theirs: /^500$/,
  },
]
