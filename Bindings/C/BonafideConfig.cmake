# find_package(Bonafide) gives Bonafide::bonafide (shared) and Bonafide::bonafide-static.
get_filename_component(_bonafide_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET Bonafide::bonafide)
  add_library(Bonafide::bonafide SHARED IMPORTED)
  set_target_properties(Bonafide::bonafide PROPERTIES
    IMPORTED_LOCATION "${_bonafide_prefix}/lib/libbonafide.so"
    INTERFACE_INCLUDE_DIRECTORIES "${_bonafide_prefix}/include")

  add_library(Bonafide::bonafide-static STATIC IMPORTED)
  set_target_properties(Bonafide::bonafide-static PROPERTIES
    IMPORTED_LOCATION "${_bonafide_prefix}/lib/libbonafide.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES CXX
    INTERFACE_INCLUDE_DIRECTORIES "${_bonafide_prefix}/include"
    INTERFACE_LINK_LIBRARIES "sndfile;soxr;fftw3f;openblas;stdc++;m;dl;pthread")
endif()

unset(_bonafide_prefix)
