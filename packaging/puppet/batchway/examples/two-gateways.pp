# The gateway that people use, and a test gateway beside it: the same configuration, with what must differ put over it.
node 'login2.example.edu' {
  $config = {
    'url'            => 'http://127.0.0.1:8000/',
    'listen'         => ['127.0.0.1:8000'],
    'stateDirectory' => '/var/lib/batchway',
    'instance'       => 'p0',
    'hub'            => { 'internal' => ['0.0.0.0:8081'], 'internalUrl' => 'http://login2.example.edu:8081' },
    'clusters'       => {
      'larch' => { 'driver' => 'slurm', 'transport' => 'sudo', 'agent' => '/shared/apps/batchway' },
    },
    'applications'   => { 'lab' => { 'kind' => 'jupyterhub-singleuser', 'modules' => ['jupyter'] } },
    'profiles'       => [
      { 'key' => 'small', 'title' => 'Small', 'cluster' => 'larch', 'application' => 'lab' },
    ],
  }

  class { 'batchway::install':
    version => '0.1.0',
    archive => '/srv/releases/batchway-0.1.0-linux-x64.tar.gz',
  }

  class { 'batchway::services':
    gateways => {
      'main' => { 'config' => $config },
      'test' => {
        'config' => $config + {
          'url'            => 'http://127.0.0.1:8100/',
          'listen'         => ['127.0.0.1:8100'],
          'stateDirectory' => '/var/lib/batchway-test',
          'instance'       => 'p1',
          'hub'            => { 'internal' => ['0.0.0.0:8181'], 'internalUrl' => 'http://login2.example.edu:8181' },
        },
      },
    },
  }
}
