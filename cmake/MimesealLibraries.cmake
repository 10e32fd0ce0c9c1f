# SPDX-License-Identifier: MIT
# The two libraries, made of the same objects: `mimeseal` (shared, exports what is marked MIMESEAL_API) and `mimeseal_static`
# (also for the tool and the tests, which reach hidden symbols and private headers).
get_property(objects GLOBAL PROPERTY MIMESEAL_OBJECTS)
get_property(link GLOBAL PROPERTY MIMESEAL_LINK)
list(REMOVE_DUPLICATES link)

file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS lib/include/mimeseal/*.h)

add_library(mimeseal SHARED ${objects})
add_library(mimeseal_static STATIC ${objects})
add_library(mimeseal::mimeseal ALIAS mimeseal)
add_library(mimeseal::mimeseal_static ALIAS mimeseal_static)

foreach(library mimeseal mimeseal_static)
  target_link_libraries(${library} PRIVATE ${link})
  target_compile_features(${library} PUBLIC cxx_std_20)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME mimeseal)
  target_sources(${library} PUBLIC FILE_SET HEADERS BASE_DIRS lib/include FILES ${public_headers})
endforeach()
target_include_directories(mimeseal_static INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib>)

# Before 1.0 a minor version may break the ABI.
set_target_properties(mimeseal PROPERTIES
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  VERIFY_INTERFACE_HEADER_SETS ON)

# Standard library templates have default visibility whatever -fvisibility says: the map keeps them in. A sanitizer's runtime
# needs its own symbols exported.
if(NOT MIMESEAL_SANITIZE)
  set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  target_link_options(mimeseal PRIVATE -Wl,--no-undefined -Wl,--version-script=${exports})
  set_target_properties(mimeseal PROPERTIES LINK_DEPENDS ${exports})
endif()
