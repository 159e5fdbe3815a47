# A gateway on a Slurm cluster, behind Apache with OpenID Connect, all on one host.
node 'login1.example.edu' {
  class { 'batchway::install':
    version => '0.1.0',
    archive => 'puppet:///modules/site_files/batchway-0.1.0-linux-x64.tar.gz',
    sha256  => '0000000000000000000000000000000000000000000000000000000000000000',
  }

  class { 'batchway::services':
    gateways => {
      'main' => {
        'config' => {
          'url'            => 'https://jupyter.example.edu/',
          'listen'         => ['127.0.0.1:8000'],
          'proxy'          => {
            'trustedFronts'   => ['127.0.0.1', '::1'],
            'frontSecretFile' => '/etc/batchway/front.secret',
          },
          'stateDirectory' => '/var/lib/batchway',
          'hub'            => {
            'internal'    => ['0.0.0.0:8081'],
            'internalUrl' => 'http://login1.example.edu:8081',
          },
          'signIn'         => [{ 'type' => 'header', 'header' => 'Remote_User' }],
          'clusters'       => {
            'larch' => { 'driver' => 'slurm', 'transport' => 'sudo', 'agent' => '/shared/apps/batchway' },
          },
          'applications'   => {
            'lab' => { 'kind' => 'jupyterhub-singleuser', 'title' => 'JupyterLab', 'modules' => ['jupyter'], 'open' => 'lab' },
          },
          'profiles'       => [
            {
              'key'         => 'small',
              'title'       => 'Small',
              'cluster'     => 'larch',
              'application' => 'lab',
              'resources'   => { 'cores' => 2, 'memory' => '4G', 'walltime' => '4h' },
              'options'     => { 'partition' => 'batch' },
            },
          ],
        },
        'agent'  => '/shared/apps/batchway',
      },
    },
  }

  class { 'batchway::front':
    sign_on       => 'openidc',
    issuer        => 'https://sso.example.edu/realms/hpc',
    client_id     => 'batchway',
    client_secret => Sensitive(lookup('batchway::client_secret')),
  }
}
