{ fetchDockerConfig, fetchDockerLayer, fetchdocker }:
fetchdocker rec {
  name = "app-of-the_team";
  registry = "https://registry-1.docker.io/v2/";
  repository = "org/team";
  imageName = "app";
  tag = "v1.0";
  imageConfig = fetchDockerConfig {
    inherit tag registry repository imageName;
    sha256 = "1rwinmvfc8jxn54y7qnj82acrc97y7xcnn22zaz67y76n4wbwjh5";
  };
  imageLayers = let
    layer0 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
      sha256 = "1sapzckkmmr9cys92knx771dphkrdilnsv3qabckhvy8zxkfpv2z";
    };
    layer1 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
      sha256 = "0jsvhyvxslhyq14isbx2xajasisp7xdgykl0dffy3z1lzxrv51kb";
    };
    layer2 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35";
      sha256 = "0ddb2gn6wrisva81zidnv03rq083bndqnwar7zhfw5jy4qx5wwyl";
    };
    layer3 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
      sha256 = "1sapzckkmmr9cys92knx771dphkrdilnsv3qabckhvy8zxkfpv2z";
    };
    layer4 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a";
      sha256 = "12mzvangqcamifq8qcpxschx3d023mj4hkw8dwfcc7yxsivpf8jb";
    };
    layer5 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d";
      sha256 = "17g3mxj5b3y7pv7vnbkv68i1z6k11i5yaib1s2m2p53vwdyi4bgg";
    };
    layer6 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
      sha256 = "1sapzckkmmr9cys92knx771dphkrdilnsv3qabckhvy8zxkfpv2z";
    };
    layer7 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451";
      sha256 = "0l943c44knm64mv9y63aqli6ps0pcmr02idvzd38x2icwjdnj0kr";
    };
    layer8 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "2c624232cdd221771294dfbb310aca000a0df6ac8b66b696d90ef06fdefb64a3";
      sha256 = "18v4zgg6zw0fv6bbcrlbmkv0s2h0r8533fyzjh97f8fjrlr44qic";
    };
    layer9 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
      sha256 = "1sapzckkmmr9cys92knx771dphkrdilnsv3qabckhvy8zxkfpv2z";
    };
    layer10 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "4a44dc15364204a80fe80e9039455cc1608281820fe2b24f1e5233ade6af1dd5";
      sha256 = "1m8xmzkascsj3r7v5qhgha0q4q61bi2kk40fx07sh1226qaxqi2a";
    };
    layer11 = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = "4fc82b26aecb47d2868c4efbe3581732a3e7cbcc6c2efb32062c08170a05eeb8";
      sha256 = "1f7f0l51f21c0qrgnbkcrk5yg8rj2xcf7ysfij3d4iybmqk2pj2g";
    };
    in [ layer0 layer1 layer2 layer3 layer4 layer5 layer6 layer7 layer8 layer9 layer10 layer11 ];
}
