c.ProfilesSpawner.profiles = [
  ( "Local server", 'local', 'jupyterhub.spawner.LocalProcessSpawner',
      {'ip':'0.0.0.0'} ),
  ('Mesabi - 2 cores, 4 GB', 'mesabi2c4g12h', 'batchspawner.TorqueSpawner',
      dict(req_nprocs='2', req_queue='mesabi', req_memory='4gb')),
  ('Mesabi - 12 cores, 128 GB', 'mesabi128gb', 'batchspawner.TorqueSpawner',
      dict(req_nprocs='12', req_queue='ram256g', req_memory='125gb')),
  ('Another Cluster - 8 hours', 'small', 'batchspawner.TorqueSpawner',
      dict(req_nprocs='2', req_host='labhost.xyz.edu', req_queue='small',
        req_runtime='8:00:00', req_memory='4gb', state_exechost_exp='')),
]
