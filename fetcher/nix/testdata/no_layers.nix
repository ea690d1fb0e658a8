{ fetchDockerConfig, fetchDockerLayer, fetchdocker }:
fetchdocker rec {
  name = "scratch";
  registry = "http://localhost:5000/v2/";
  repository = "";
  imageName = "scratch";
  tag = "latest";
  imageConfig = fetchDockerConfig {
    inherit tag registry repository imageName;
    sha256 = "1rwinmvfc8jxn54y7qnj82acrc97y7xcnn22zaz67y76n4wbwjh5";
  };
  imageLayers = let
    in [ ];
}
