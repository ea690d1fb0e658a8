{ fetchDockerConfig, fetchDockerLayer, fetchdocker }:
fetchdocker rec {
  name = "app";
  registry = "https://ghcr.io/v2/";
  repository = "";
  imageName = "app";
  tag = "sha256:054abe38b1e6f863befa4258cbfaf127b1cc9440d2e2e349b15d22e676b591e7";
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
    in [ layer0 ];
}
